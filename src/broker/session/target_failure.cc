// SPDX-License-Identifier: Apache-2.0
// The sentences.
#include "broker/session/target_failure.h"

#include <cerrno>
#include <cstring>

namespace sallyport::broker {

namespace {

bool says(const base::Error& error, int number) {
  return error.message.find(std::strerror(number)) != std::string::npos;
}

}  // namespace

std::string unreachable_text(const std::string& target, const base::Error& error) {
  const std::string begin = "The target '" + target + "' cannot be reached: ";
  if (error.message.find("name server") != std::string::npos || error.message.find("looked up") != std::string::npos) {
    return begin + "the name of its host cannot be looked up now.";
  }
  if (error.code == base::Errc::timeout || says(error, ETIMEDOUT)) return begin + "it does not answer.";
  if (error.code == base::Errc::not_found || error.code == base::Errc::invalid)
    return begin + "the name of its host is not known.";
  if (says(error, ECONNREFUSED)) return begin + "its host is there, but nothing listens on its port.";
  if (says(error, EHOSTUNREACH) || says(error, ENETUNREACH)) return begin + "there is no way to its host.";
  return begin + "the connection failed.";
}

std::string connect_timeout_text(const std::string& target) {
  return "The target '" + target + "' could not be connected to in time.";
}

}  // namespace sallyport::broker
