// SPDX-License-Identifier: Apache-2.0
// audit tail, search, export, verify, heads.
#include <unistd.h>

#include <charconv>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "base/fd.h"
#include "cli/audit_file.h"
#include "cli/output.h"
#include "cli/tty.h"
#include "cli/verbs.h"
#include "ipc/admin.pb.h"

namespace sallyport::cli {
namespace {

constexpr int kAnswerMs = 120'000;

struct Options {
  unsigned count = 20;
  std::string after, node;
  unsigned limit = 0;
  bool follow = false;
  std::string type, session, text, actor, since, until;
  bool proof = false;
  std::string head_file, known_faults;
  std::string file, node_key;
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
  read.set_limit(o.limit == 0 ? o.count : o.limit);
  read.set_follow(o.follow);
  read.set_type(o.type);
  read.set_session(o.session);
  read.set_text(o.text);
  read.set_actor(o.actor);
  read.set_since(o.since);
  read.set_until(o.until);
  read.set_all(all);
  read.set_node(o.node);
  return request;
}

std::optional<std::int64_t> number_from(std::string_view text) {
  std::int64_t number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || rest != text.data() + text.size()) return std::nullopt;
  return number;
}

// SEQ, of the answering node's log, or NODE:SEQ for each log.
base::Status read_cursors(const std::string& text, ipc::AuditRead& read) {
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ',');) {
    const std::size_t colon = word.rfind(':');
    const auto seq = number_from(std::string_view(word).substr(colon == std::string::npos ? 0 : colon + 1));
    if (!seq || *seq < 0) {
      return base::fail(base::Errc::invalid, "--after: the greatest seq of an earlier export, or NODE:SEQ[,NODE:SEQ…]");
    }
    if (colon == std::string::npos) {
      read.set_after_seq(*seq);
      continue;
    }
    ipc::AuditCursor& cursor = *read.add_after();
    cursor.set_node(word.substr(0, colon));
    cursor.set_seq(*seq);
  }
  return {};
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
  if (auto cursors = read_cursors(o.after, *request.mutable_audit_read()); !cursors) return base::pass(cursors);
  request.mutable_audit_read()->set_proof(o.proof);
  request.mutable_audit_read()->set_most(o.limit);
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
base::Result<std::vector<std::string>> read_heads(const std::string& path) {
  auto bytes = base::read_file(path, kMaxHeadFileBytes);
  if (!bytes) return base::pass(bytes);
  std::istringstream text(base::to_text(*bytes));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) {
    if (!line.empty()) lines.push_back(line);
  }
  if (lines.empty()) return base::fail(base::Errc::invalid, path + ": holds no head");
  if (lines.size() > kMaxHeads) {
    return base::fail(base::Errc::full, path + ": at most " + std::to_string(kMaxHeads) + " heads at a time");
  }
  return lines;
}

base::Result<std::vector<std::int64_t>> read_known_faults(const std::string& text) {
  std::vector<std::int64_t> out;
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ',');) {
    const auto seq = number_from(word);
    if (!seq || *seq < 1) {
      return base::fail(base::Errc::invalid, "--known-fault: the seq of an audit.fault event, or several with commas");
    }
    out.push_back(*seq);
  }
  return out;
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

base::Result<Json> verdict_of_gateway(Context& context, const std::vector<std::string>& heads,
                                      const std::vector<std::int64_t>& known_faults, const std::string& node) {
  ipc::AdminRequest request;
  ipc::AuditVerify& asked = *request.mutable_audit_verify();
  asked.mutable_heads()->Assign(heads.begin(), heads.end());
  asked.mutable_known_faults()->Assign(known_faults.begin(), known_faults.end());
  asked.set_node(node);
  auto client = context.connect();
  if (!client) return base::pass(client);
  auto answer = client->ask(request);
  if (!answer) return base::pass(answer);
  return parse_object(answer->done);
}

base::Result<int> verify(Context& context, const Options& o) {
  if (!o.node_key.empty() && o.file.empty()) {
    return base::fail(base::Errc::invalid, "--node-key needs --file: the gateway knows its own key");
  }
  if (!o.node.empty() && !o.file.empty()) {
    return base::fail(base::Errc::invalid, "--node is a question to the gateway: a file holds one node's log");
  }
  std::vector<std::string> heads;
  if (!o.head_file.empty()) {
    auto lines = read_heads(o.head_file);
    if (!lines) return base::pass(lines);
    heads = std::move(*lines);
  }
  auto known_faults = read_known_faults(o.known_faults);
  if (!known_faults) return base::pass(known_faults);
  auto verdict = o.file.empty() ? verdict_of_gateway(context, heads, *known_faults, o.node)
                                : verdict_of_file(o.file, heads, std::move(*known_faults), o.node_key);
  if (!verdict) return base::pass(verdict);
  const bool ok = verdict->value("ok", false);
  if (context.format == Format::json) {
    std::cout << dump(*verdict) << "\n";
  } else if (ok) {
    std::cout << "the audit log holds: " << render_value(verdict->value("events", Json())) << " events, signed up to "
              << render_value(verdict->value("signed_seq", Json()));
    const Json faults = verdict->value("faults", Json::array());
    if (!faults.empty()) std::cout << "; known faults at " << render_value(faults);
    if (!verdict->value("signer_trusted", true)) std::cout << "; the signer was not compared with a key (--node-key)";
    std::cout << "\n";
  } else {
    std::cout << "the audit log is BROKEN at event " << render_value(verdict->value("broken_seq", Json())) << ": "
              << render_value(verdict->value("problem", Json())) << "\n";
  }
  return ok ? 0 : 1;
}

// By what tail, search and export choose events.
Command& add_filters(Command& verb, Options& o) {
  return verb.option("--type", o.type, "Only events of this type; a type that ends in a dot is a prefix")
      .option("--session", o.session, "Only events of this session")
      .option("--node", o.node, "Only those of this node's log")
      .option("--actor", o.actor, "Only those by this one, as the log names them")
      .option("--since", o.since, "Only those then or later (RFC 3339)")
      .option("--until", o.until, "Only those before then");
}

}  // namespace

void add_audit_verbs(Command root) {
  auto o = std::make_shared<Options>();
  Command audit = root.group("audit", "The audit log: every decision and every change");
  Command verb = audit.verb("tail", "Show the latest events",
                            {"sallyport audit tail -n 50", "sallyport audit tail --follow --type session.",
                             "sallyport audit tail --session 01hzy… -o json"});
  verb.option("-n,--count", o->count, "How many events (at most 2000)")
      .flag("-f,--follow", o->follow, "Go on with new events until Ctrl-C; with -o json one object per line");
  add_filters(verb, *o).run([o](Context& c) { return read(c, *o, false); });
  verb = audit.verb("search", "Search the whole log for a text",
                    {"sallyport audit search web1", "sallyport audit search alice --type auth."});
  add_filters(verb.positional("TEXT", o->text, "Part of an event"), *o)
      .option("--limit", o->limit, "The newest, so many at most (0: all; at most 2000)")
      .run([o](Context& c) { return read(c, *o, o->limit == 0); });
  verb = audit.verb("export", "Write every event as a line of JSON, the oldest first",
                    {"sallyport audit export > audit.jsonl", "sallyport audit export --after 48211 >> audit.jsonl",
                     "sallyport audit export --proof > evidence.jsonl"});
  add_filters(verb.option("--after", o->after, "Only events with a greater seq: SEQ of this node, or NODE:SEQ[,…]"), *o)
      .option("--limit", o->limit, "So many at most (0: all): go on with --after")
      .flag("--proof", o->proof, "With what proves each event, and a signed head at the end: for verify --file")
      .run([o](Context& c) { return export_all(c, *o); });
  verb = audit.verb("verify", "Verify that the audit log is complete and unchanged; exit status 1 when not",
                    {"sallyport audit verify", "sallyport audit verify --head heads.jsonl -o json",
                     "sallyport audit verify --file evidence.jsonl --node-key BASE64 --head heads.jsonl"});
  verb.option("--head", o->head_file, "A file of heads that you kept elsewhere: the log must still contain all of them")
      .option("--node", o->node, "Only this node's log; else those of all nodes")
      .option("--known-fault", o->known_faults, "audit.fault events that you have examined: SEQ[,SEQ…]")
      .option("--file", o->file, "Verify a file of audit export --proof, without a gateway")
      .option("--node-key", o->node_key, "With --file: the node's public key in base64, as `sallyport status` shows it")
      .run([o](Context& c) { return verify(c, *o); });
  verb = audit.verb("heads", "Print the newest signed head, one line of JSON, to keep on another host",
                    {"sallyport audit heads >> /mnt/elsewhere/heads.jsonl"});
  verb.run([](Context& c) { return heads(c); });
}

}  // namespace sallyport::cli
