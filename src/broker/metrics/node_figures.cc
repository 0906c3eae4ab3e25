// SPDX-License-Identifier: Apache-2.0
// Reading the figures.
#include "broker/metrics/node_figures.h"

#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <optional>

#include "broker/metrics/exposition.h"
#include "broker/node/descriptor_budget.h"
#include "broker/record/record_recipients.h"

namespace sallyport::broker::metrics {

namespace {

constexpr double kMicro = 1e-6;

std::optional<std::uint64_t> free_bytes(const std::string& path) {
  struct statvfs space {};
  if (::statvfs(path.c_str(), &space) != 0) return std::nullopt;
  return static_cast<std::uint64_t>(space.f_bavail) * space.f_frsize;
}

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + kMicro * static_cast<double>(time.tv_usec);
}

// Of this process, in bytes; 0 where /proc does not say.
double resident_bytes() {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen("/proc/self/statm", "re"), &std::fclose);
  long total = 0;
  long resident = 0;
  if (!file || std::fscanf(file.get(), "%ld %ld", &total, &resident) != 2) return 0;
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

void add_process(Exposition& out) {
  rusage used{};
  (void)::getrusage(RUSAGE_SELF, &used);
  out.one("process_cpu_seconds_total", Kind::counter, "Processor time of the broker alone, in seconds.",
          seconds_of(used.ru_utime) + seconds_of(used.ru_stime));
  out.one("process_resident_memory_bytes", Kind::gauge, "Resident memory of the broker alone.", resident_bytes());
  out.one("process_max_fds", Kind::gauge, "Open files that the broker may have.",
          static_cast<double>(descriptor_limit()));
}

}  // namespace

std::string NodeFigures::text() const {
  Exposition out;
  out.family("sallyport_info", Kind::gauge, "Which node this is; always 1.");
  out.add(1.0, {{"node", services_.config.node}, {"version", version_}});
  out.one("sallyport_start_time_seconds", Kind::gauge, "When the node was started, in seconds since 1970.",
          kMicro * static_cast<double>(started_us_));
  out.one("sallyport_ready", Kind::gauge, "1 while a session can be opened; /readyz says why not.",
          why_not_ready().empty() ? 1 : 0);
  out.one("sallyport_sessions", Kind::gauge, "Live sessions.", static_cast<double>(services_.sessions.size()));
  out.one("sallyport_sessions_limit", Kind::gauge, "Sessions that there may be.",
          static_cast<double>(services_.sessions.limit()));
  out.family("sallyport_connections", Kind::gauge, "Connections of clients.");
  out.add(static_cast<std::uint64_t>(strangers_.inside()), {{"state", "not-logged-in"}});
  out.add(static_cast<std::uint64_t>(users_.inside()), {{"state", "logged-in"}});
  out.family("sallyport_audit_events_total", Kind::counter, "Events that this node has added to the audit log.");
  for (const auto& [type, count] : services_.audit.log().counts()) out.add(count, {{"type", type}});
  out.one("sallyport_audit_waiting", Kind::gauge, "Audit events that wait for the database.",
          static_cast<double>(services_.audit.waiting()));
  if (const auto bytes = free_bytes(services_.config.recording.dir)) {
    out.one("sallyport_recordings_free_bytes", Kind::gauge, "Room for recordings.", static_cast<double>(*bytes));
  }
  add_process(out);
  return out.text();
}

std::string NodeFigures::why_not_ready() const {
  std::string out;
  if (services_.sessions.size() >= services_.sessions.limit()) out += "the node has as many sessions as it may\n";
  if (services_.audit.crowded()) out += "audit events wait for the database\n";
  const auto bytes = free_bytes(services_.config.recording.dir);
  if (!bytes || *bytes < kEnoughRecordingBytes) out += "there is no room for recordings\n";
  if (!record_recipients(services_.policy.current()->resources, services_.recording_key())) {
    out += "nobody could read what would be recorded: declare a recipient\n";
  }
  return out;
}

}  // namespace sallyport::broker::metrics
