// SPDX-License-Identifier: Apache-2.0
// audit tail, search, export, verify, heads.
#include <unistd.h>

#include <charconv>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/fd.h"
#include "cli/output.h"
#include "cli/tty.h"
#include "cli/verbs.h"
#include "ipc/admin.pb.h"

namespace sallyport::cli {
namespace {

constexpr int kAnswerMs = 120'000;

struct Options {
  unsigned count = 20;
  unsigned after = 0;
  bool follow = false;
  std::string type, session, text;
  std::string head_file, known_faults;
};

constexpr std::size_t kMaxHeads = 150;  // that fit into one message
constexpr std::size_t kMaxHeadFileBytes = 64 * 1024;

// seq time type actor session, then the rest as name=value.
std::string audit_line(const Json& event) {
  std::string out = render_value(event.value("seq", Json())) + "  " + render_value(event.value("time", Json())) + "  " +
                    render_value(event.value("type", Json())) + "  " + render_value(event.value("actor", Json()));
  for (const auto& [key, value] : event.items()) {
    if (key == "seq" || key == "time" || key == "type" || key == "actor") continue;
    if (value.is_string() && value.get_ref<const std::string&>().empty()) continue;
    if (key == "resource") continue;  // long; -o json has it
    out += "  " + render_value(Json(key)) + "=" + render_value(value);
  }
  return out;
}

ipc::AdminRequest request_of(const Options& o, bool all) {
  ipc::AdminRequest request;
  ipc::AuditRead& read = *request.mutable_audit_read();
  read.set_limit(o.count);
  read.set_follow(o.follow);
  read.set_type(o.type);
  read.set_session(o.session);
  read.set_text(o.text);
  read.set_all(all);
  return request;
}

base::Result<int> follow(Context& context, AdminClient& client, const ipc::AdminRequest& request) {
  if (auto sent = client.send(request); !sent) return base::pass(sent);
  catch_interrupts();
  while (!interrupted()) {
    auto reply = client.receive(200);
    if (!reply && reply.error().code == base::Errc::timeout) continue;
    if (!reply) return base::pass(reply);
    if (reply->kind_case() != ipc::AdminReply::kItem) break;
    auto event = parse_object(reply->item().json());
    if (!event) return base::pass(event);
    std::cout << (context.format == Format::json ? dump(*event) : audit_line(*event)) << std::endl;
  }
  return 0;
}

base::Result<int> read(Context& context, const Options& o, bool all) {
  auto client = context.connect();
  if (!client) return base::pass(client);
  const ipc::AdminRequest request = request_of(o, all);
  if (o.follow) return follow(context, *client, request);
  auto answer = client->ask(request);
  if (!answer) return base::pass(answer);
  auto events = parse_objects(answer->items);
  if (!events) return base::pass(events);
  if (context.format == Format::json) {
    std::cout << dump(Json(*events)) << "\n";
    return 0;
  }
  for (const Json& event : *events) std::cout << audit_line(event) << "\n";
  if (events->empty()) std::cerr << "nothing\n";
  return 0;
}

// Event by event, as they come: a log may be longer than what fits in memory.
base::Result<int> export_all(Context& context, const Options& o) {
  auto client = context.connect();
  if (!client) return base::pass(client);
  ipc::AdminRequest request = request_of(o, true);
  request.mutable_audit_read()->set_after_seq(static_cast<std::int64_t>(o.after));
  if (auto sent = client->send(request); !sent) return base::pass(sent);
  for (;;) {
    auto reply = client->receive(kAnswerMs);
    if (!reply) return base::pass(reply);
    if (reply->kind_case() == ipc::AdminReply::kDone) break;
    auto event = parse_object(reply->item().json());
    if (!event) return base::pass(event);
    std::cout << dump(*event) << "\n";
    if (!std::cout) break;
  }
  std::cout.flush();
  if (!std::cout) return base::fail(base::Errc::io, "the export could not be written: is the disk full?");
  return 0;
}

// Lines as `audit heads` prints them.
base::Status add_heads(const std::string& path, ipc::AuditVerify& request) {
  auto bytes = base::read_file(path, kMaxHeadFileBytes);
  if (!bytes) return base::pass(bytes);
  std::istringstream lines(base::to_text(*bytes));
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) request.add_heads(line);
  }
  if (request.heads_size() == 0) return base::fail(base::Errc::invalid, path + ": holds no head");
  if (request.heads().size() > static_cast<int>(kMaxHeads)) {
    return base::fail(base::Errc::full, path + ": at most " + std::to_string(kMaxHeads) + " heads at a time");
  }
  return {};
}

// Numbers between commas.
base::Status add_known_faults(const std::string& text, ipc::AuditVerify& request) {
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ',');) {
    std::int64_t seq = 0;
    const auto [rest, error] = std::from_chars(word.data(), word.data() + word.size(), seq);
    if (error != std::errc{} || rest != word.data() + word.size() || seq < 1) {
      return base::fail(base::Errc::invalid, "--known-fault: the seq of an audit.fault event, or several with commas");
    }
    request.add_known_faults(seq);
  }
  return {};
}

base::Result<int> heads(Context& context) {
  auto client = context.connect();
  if (!client) return base::pass(client);
  ipc::AdminRequest request;
  request.mutable_audit_head();
  auto answer = client->ask(request);
  if (!answer) return base::pass(answer);
  auto head = parse_object(answer->done);
  if (!head) return base::pass(head);
  std::cout << dump(*head) << "\n";  // for a file, whatever the format asked for
  return 0;
}

base::Result<int> verify(Context& context, const Options& o) {
  ipc::AdminRequest request;
  ipc::AuditVerify& asked = *request.mutable_audit_verify();
  if (!o.head_file.empty()) {
    if (auto added = add_heads(o.head_file, asked); !added) return base::pass(added);
  }
  if (auto added = add_known_faults(o.known_faults, asked); !added) return base::pass(added);
  auto client = context.connect();
  if (!client) return base::pass(client);
  auto answer = client->ask(request);
  if (!answer) return base::pass(answer);
  auto verdict = parse_object(answer->done);
  if (!verdict) return base::pass(verdict);
  const bool ok = verdict->value("ok", false);
  if (context.format == Format::json) {
    std::cout << dump(*verdict) << "\n";
  } else if (ok) {
    std::cout << "the audit log holds: " << render_value(verdict->value("events", Json())) << " events, signed up to "
              << render_value(verdict->value("signed_seq", Json()));
    const Json faults = verdict->value("faults", Json::array());
    if (!faults.empty()) std::cout << "; known faults at " << render_value(faults);
    std::cout << "\n";
  } else {
    std::cout << "the audit log is BROKEN at event " << render_value(verdict->value("broken_seq", Json())) << ": "
              << render_value(verdict->value("problem", Json())) << "\n";
  }
  return ok ? 0 : 1;
}

}  // namespace

void add_audit_verbs(Command root) {
  auto o = std::make_shared<Options>();
  Command audit = root.group("audit", "Every decision and change, in order, chained");
  Command verb = audit.verb("tail", "Show the latest events",
                            {"sallyport audit tail -n 50", "sallyport audit tail --follow --type session.",
                             "sallyport audit tail --session 01hzy… -o json"});
  verb.option("-n,--count", o->count, "How many (at most 2000)")
      .flag("-f,--follow", o->follow, "Go on with new ones until Ctrl-C; with -o json one object a line")
      .option("--type", o->type, "Only this type, or all that begin with it when it ends in a dot")
      .option("--session", o->session, "Only those of this session")
      .run([o](Context& c) { return read(c, *o, false); });
  verb = audit.verb("search", "Search the whole log for a text",
                    {"sallyport audit search web1", "sallyport audit search alice --type auth."});
  verb.positional("TEXT", o->text, "Part of an event")
      .option("--type", o->type, "Only this type, or all that begin with it when it ends in a dot")
      .option("--session", o->session, "Only those of this session")
      .run([o](Context& c) { return read(c, *o, true); });
  verb = audit.verb("export", "Write every event as a line of JSON, the oldest first",
                    {"sallyport audit export > audit.jsonl", "sallyport audit export --after 48211 >> audit.jsonl"});
  verb.option("--after", o->after, "Only those with a greater seq: go on where an earlier export ended")
      .option("--type", o->type, "Only this type, or all that begin with it when it ends in a dot")
      .option("--session", o->session, "Only those of this session")
      .run([o](Context& c) { return export_all(c, *o); });
  verb = audit.verb("verify", "Check that the log still says what it said: exit status 1 when not",
                    {"sallyport audit verify", "sallyport audit verify --head heads.jsonl -o json"});
  verb.option("--head", o->head_file, "A file of heads that were kept elsewhere: the log must still contain them all")
      .option("--known-fault", o->known_faults, "audit.fault events that are looked into already: SEQ[,SEQ…]")
      .run([o](Context& c) { return verify(c, *o); });
  verb = audit.verb("heads", "Print the newest signed head, one line of JSON: keep it where nobody here can change it",
                    {"sallyport audit heads >> /mnt/elsewhere/heads.jsonl"});
  verb.run([](Context& c) { return heads(c); });
}

}  // namespace sallyport::cli
