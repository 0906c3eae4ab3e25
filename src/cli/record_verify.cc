// SPDX-License-Identifier: Apache-2.0
// The report of recording verify.
#include "cli/record_verify.h"

#include <fcntl.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/escape.h"
#include "cli/output.h"
#include "cli/screen_check.h"
#include "event/event.pb.h"
#include "recording/file_io.h"
#include "replay/proof.h"

namespace sallyport::cli {
namespace {

using recording::Finding;
using recording::VerifyReport;

constexpr std::size_t kMaxTails = 256;

using replay::to_string;

void check_screens(const OpenRecording& recording, VerifyReport& report) {
  const auto note = [&](const std::string& what) {
    report.findings.push_back({Finding::Severity::note, "screens", what});
  };
  ScreenCheck check;
  Visitor visitor;
  visitor.event = [&](const EventPlace& at, const event::Event& event) {
    check.see(at, event);
    return true;
  };
  if (auto end = walk(recording, visitor); !end) return note("not recomputed: " + end.error().message);
  std::string what = std::to_string(check.compared()) + " recorded screens recomputed, " +
                     std::to_string(check.different()) + " differ from what the output draws";
  if (check.left_out() != 0) {
    what += ", " + std::to_string(check.left_out()) +
            " left out: too many screens are open at once, or they follow output that the inspector missed";
  }
  note(what);
}

Json report_json(const OpenRecording& recording, const VerifyReport& report) {
  Json findings = Json::array();
  for (const Finding& finding : report.findings) {
    findings.push_back({{"severity", finding.severity == Finding::Severity::fault ? "fault" : "note"},
                        {"where", finding.where},
                        {"what", finding.what}});
  }
  return Json{{"id", recording.id},
              {"sound", report.sound()},
              {"state", to_string(report.state)},
              {"signer_trusted", report.signer_trusted},
              {"opened", report.opened},
              {"chunks", report.chunks},
              {"entries", report.entries},
              {"tail_frames", report.tail_frames},
              {"known_chunks", recording.known_chunks.size()},
              {"findings", std::move(findings)}};
}

void print_report(const OpenRecording& recording, const VerifyReport& report) {
  for (const Finding& finding : report.findings) {
    std::cout << (finding.severity == Finding::Severity::fault ? "FAULT  " : "note   ")
              << base::escape_for_terminal(finding.where) << ": " << base::escape_for_terminal(finding.what) << "\n";
  }
  std::cout << recording.id << ": " << (report.sound() ? "sound" : "NOT SOUND") << ", " << to_string(report.state)
            << ", " << report.chunks << " chunks, " << report.tail_frames << " tail frames, "
            << (report.signer_trusted ? "signed by the trusted node" : "signer not checked against a trusted key")
            << ", " << (report.opened ? "every frame opened" : "contents not opened (no key)") << "\n";
}

// All that belongs to a record, open: what reads it can open nothing.
base::Result<std::shared_ptr<const PassedSource>> open_files(const std::string& directory, const std::string& id) {
  auto by_name = recording::open_directory(directory, id);
  if (!by_name) return base::pass(by_name);
  auto record = recording::open_regular(recording::record_path(directory, id), O_RDONLY);
  if (!record) return base::pass(record);
  auto numbers = recording::list_tails(directory, id);
  if (!numbers) return base::pass(numbers);
  if (numbers->size() > kMaxTails) {
    return base::fail(base::Errc::full, "more than " + std::to_string(kMaxTails) + " tails lie beside the record");
  }
  std::map<std::uint64_t, base::Fd> tails;
  for (const std::uint64_t number : *numbers) {
    auto tail = (*by_name)->open_tail(number);
    if (!tail && tail.error().code == base::Errc::not_found) continue;
    if (!tail) return base::pass(tail);
    tails[number] = std::move(*tail);
  }
  return std::make_shared<const PassedSource>(std::move(*record), std::move(tails));
}

}  // namespace

base::Result<OpenRecording> open_record_file(const std::string& path, const std::string& node_key) {
  const std::size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  if (name.size() < 5 || name.substr(name.size() - 4) != ".rec") {
    return base::fail(base::Errc::invalid, path + ": the file of a record is named ID.rec");
  }
  name.resize(name.size() - 4);
  auto source = open_files(directory, name);
  if (!source) return base::pass(source);
  OpenRecording out;
  out.id = name;
  out.descriptors = (*source)->descriptors();
  out.source = std::move(*source);
  if (auto keys = recording::read_key_file(directory, name)) {
    out.key_file = std::move(*keys);
  } else if (keys.error().code != base::Errc::not_found) {
    out.key_problem = keys.message();
  }
  if (!node_key.empty()) {
    auto bytes = base::from_base64(node_key);
    if (!bytes || bytes->size() != out.node_key.size()) {
      return base::fail(base::Errc::invalid, "--node-key: 32 bytes in base64, as `sallyport status` shows them");
    }
    std::copy(bytes->begin(), bytes->end(), out.node_key.begin());
  }
  return out;
}

base::Result<int> verify_and_print(Context& context, const OpenRecording& recording, Depth depth) {
  auto report = replay::prove(recording);
  if (!report) return base::pass(report);
  if (depth == Depth::deep) check_screens(recording, *report);
  if (context.format == Format::json) {
    std::cout << dump(report_json(recording, *report)) << "\n";
  } else {
    print_report(recording, *report);
  }
  return report->sound() ? 0 : 1;
}

}  // namespace sallyport::cli
