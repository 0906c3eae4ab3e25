// SPDX-License-Identifier: Apache-2.0
// recording list, show, play, export. Each opening goes through the gateway and stands in its audit log.
#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/escape.h"
#include "cli/event_json.h"
#include "cli/export.h"
#include "cli/output.h"
#include "cli/player.h"
#include "cli/record_search.h"
#include "cli/record_verify.h"
#include "cli/verbs.h"
#include "event/event.pb.h"
#include "ipc/admin.pb.h"

namespace sallyport::cli {
namespace {

struct Options {
  std::string id, channel, file, node_key, out, text;
  std::string user, target, since, until;
  std::string format = "asciicast";
  double speed = 1;
  double idle_limit = 0;
  bool with_input = false, commands = false, events = false, dump = false, exit = false, deep = false;
  bool ignore_case = false;
};

const std::vector<Column>& columns() {
  static const std::vector<Column> all{{"ID", "id"},         {"USER", "user"},           {"ACCOUNT", "account"},
                                       {"TARGET", "target"}, {"STATE", "state"},         {"STARTED", "started_at"},
                                       {"BYTES", "bytes"},   {"INTEGRITY", "integrity"}, {"ENDED-BY", "end_reason"}};
  return all;
}

base::Result<Answer> list_of(Context& context, const Options& o) {
  auto client = context.connect();
  if (!client) return base::pass(client);
  ipc::AdminRequest request;
  ipc::RecordingList& list = *request.mutable_recording_list();
  list.set_user(o.user);
  list.set_target(o.target);
  list.set_since(o.since);
  list.set_until(o.until);
  return client->ask(request);
}

base::Result<int> list(Context& context, const Options& o) {
  auto answer = list_of(context, o);
  if (!answer) return base::pass(answer);
  if (auto printed = print_list(context, columns(), answer->items); !printed) return base::pass(printed);
  return 0;
}

base::Result<OpenRecording> open(Context& context, const Options& o, const std::string& purpose) {
  auto client = context.connect();
  if (!client) return base::pass(client);
  return open_recording(*client, o.id, purpose, o.with_input ? Input::with : Input::without);
}

void say_damage(const recording::Damage& damage) {
  std::cerr << "sallyport: damaged: " << base::escape_for_terminal(damage.where + ": " + damage.what) << "\n";
}

// What was run, with the verdict that the broker noted beside it.
class CommandList {
 public:
  void see(base::Micros time_us, const event::Event& event) {
    if (start_us_ == 0) start_us_ = time_us;
    if (event.kind_case() == event::Event::kVerdict) return judge(event.verdict());
    std::string source;
    const std::string text = command_of(event, source);
    if (source.empty()) return;
    const std::uint32_t channel = event.request().channel();
    Json row{{"time_ms", (time_us - start_us_) / 1000},
             {"channel", channel},
             {"text", text},
             {"source", source},
             {"confidence", "exact"},
             {"verdict", "allow"},
             {"reason", ""}};
    if (const auto early = early_.find(channel); early != early_.end()) {
      row["verdict"] = early->second.verdict();
      row["reason"] = early->second.reason();
      early_.erase(early);
    }
    rows_.push_back(std::move(row));
  }
  std::vector<Json> take() { return std::move(rows_); }

 private:
  void judge(const event::Verdict& verdict) {
    if (verdict.subject() != "request") return;
    for (auto row = rows_.rbegin(); row != rows_.rend(); ++row) {
      if ((*row)["channel"] != verdict.channel() || (*row)["source"] != verdict.name()) continue;
      (*row)["verdict"] = verdict.verdict();
      (*row)["reason"] = verdict.reason();
      return;
    }
    early_[verdict.channel()] = verdict;
  }

  base::Micros start_us_ = 0;
  std::vector<Json> rows_;
  std::map<std::uint32_t, event::Verdict> early_;
};

base::Result<int> print_rows(Context& context, const std::vector<Column>& titles, std::vector<Json> rows) {
  if (context.format == Format::json) {
    std::cout << dump(Json(rows)) << "\n";
  } else if (rows.empty()) {
    std::cerr << "nothing\n";
  } else {
    std::cout << render_table(titles, rows, colour_of_stdout());
  }
  return 0;
}

base::Result<int> show_commands(Context& context, const OpenRecording& recording) {
  CommandList commands;
  Visitor visitor;
  visitor.damage = say_damage;
  visitor.event = [&](base::Micros time_us, bool, const event::Event& event) {
    commands.see(time_us, event);
    return true;
  };
  if (auto end = walk(recording, visitor); !end) return base::pass(end);
  return print_rows(
      context,
      {{"MS", "time_ms"}, {"SOURCE", "source"}, {"VERDICT", "verdict"}, {"COMMAND", "text"}, {"REASON", "reason"}},
      commands.take());
}

base::Result<int> show_events(Context& context, const OpenRecording& recording) {
  base::Micros start = 0;
  const bool json = context.format == Format::json;
  const char* separator = "[";
  const auto one = [&](base::Micros time_us, Json object, const std::string& line) {
    if (start == 0) start = time_us;
    const base::Micros ms = (time_us - start) / 1000;
    if (json) {
      Json row{{"time_ms", ms}};
      row.update(object);
      std::cout << std::exchange(separator, ",\n") << dump(row);  // as it comes: a record can be long
    } else {
      std::cout << ms << " " << line << "\n";
    }
  };
  Visitor visitor;
  visitor.damage = say_damage;
  visitor.hidden = [&](base::Micros t) { one(t, Json{{"event", "input"}, {"hidden", true}}, "input hidden"); };
  visitor.event = [&](base::Micros t, bool up, const event::Event& event) {
    const Direction direction = recorded_direction(event, up);
    one(t, json ? event_json(event, direction) : Json::object(), json ? "" : event_line(event, direction));
    return true;
  };
  if (auto end = walk(recording, visitor); !end) return base::pass(end);
  if (json) std::cout << (*separator == '[' ? "[]\n" : "]\n");
  return 0;
}

// The facts, each channel, how the target was logged in to, and what is covered how.
base::Result<int> show_summary(Context& context, const OpenRecording& recording) {
  auto facts = parse_object(recording.facts);
  if (!facts) return base::pass(facts);
  ChannelTracker tracker;
  Visitor visitor;
  std::uint64_t hidden = 0;
  Json damages = Json::array();
  visitor.damage = [&](const recording::Damage& damage) { damages.push_back(damage.where + ": " + damage.what); };
  visitor.hidden = [&](base::Micros) { ++hidden; };
  visitor.event = [&](base::Micros time_us, bool, const event::Event& event) {
    tracker.see(time_us, event);
    const auto kind = event.kind_case();
    if (kind == event::Event::kSessionStart) (*facts)["start"] = event_json(event, Direction::unknown);
    if (kind == event::Event::kLogin) (*facts)["login"] = event_json(event, Direction::unknown);
    if (kind == event::Event::kSessionEnd) {
      const Json ended = event_json(event, Direction::unknown);
      for (const char* key : {"coverage", "coverage_shortened"}) {
        if (ended.contains(key)) (*facts)[key] = ended[key];
      }
    }
    return true;
  };
  auto end = walk(recording, visitor);
  if (!end && end.error().code != base::Errc::denied) return base::pass(end);
  Json channels = Json::array();
  for (const auto& [number, channel] : tracker.channels()) {
    channels.push_back({{"channel", number}, {"what", channel.what}, {"terminal", channel.terminal}});
  }
  (*facts)["channels"] = std::move(channels);
  if (!damages.empty()) (*facts)["damage"] = std::move(damages);
  for (const char* key : {"start", "login"}) {
    if (facts->contains(key)) (*facts)[key].erase("event");
  }
  if (!end) (*facts)["contents"] = end.error().message;
  std::cout << (context.format == Format::json ? dump(*facts) + "\n" : render_fields(*facts, colour_of_stdout()));
  return 0;
}

base::Result<int> show(Context& context, const Options& o) {
  auto recording = open(context, o, "show");
  if (!recording) return base::pass(recording);
  if (o.commands) return show_commands(context, *recording);
  if (o.events) return show_events(context, *recording);
  return show_summary(context, *recording);
}

base::Result<int> play_one(Context& context, const Options& o) {
  auto recording = open(context, o, "play");
  if (!recording) return base::pass(recording);
  auto channel = pick_channel(*recording, o.channel);
  if (!channel) return base::pass(channel);
  base::Status done;
  if (o.dump) {
    done = dump_output(*recording, *channel);
  } else {
    done = play(*recording, *channel,
                {o.speed, o.idle_limit, o.exit ? PlayOptions::AtEnd::leave : PlayOptions::AtEnd::hold});
  }
  if (!done) return base::pass(done);
  return 0;
}

base::Status export_to(const OpenRecording& recording, const Options& o, std::ostream& out) {
  if (o.format == "jsonl") return export_jsonl(recording, out);
  auto channel = pick_channel(recording, o.channel);
  if (!channel) return base::pass(channel);
  return o.format == "text" ? export_text(recording, *channel, out) : export_asciicast(recording, *channel, out);
}

base::Result<int> export_one(Context& context, const Options& o) {
  auto recording = open(context, o, "export");
  if (!recording) return base::pass(recording);
  base::Status done;
  if (o.out.empty() || o.out == "-") {
    done = export_to(*recording, o, std::cout);
  } else {
    // A recording is nobody else's to read.
    const base::Fd made(::open(o.out.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!made) return base::fail_errno(o.out);
    std::ofstream file(o.out, std::ios::binary);
    done = export_to(*recording, o, file);
  }
  if (!done) return base::pass(done);
  return 0;
}

base::Result<int> search(Context& context, const Options& o) {
  std::vector<std::string> ids;
  if (!o.id.empty()) {
    ids.push_back(o.id);
  } else {
    auto answer = list_of(context, o);
    if (!answer) return base::pass(answer);
    auto rows = parse_objects(answer->items);
    if (!rows) return base::pass(rows);
    for (const Json& row : *rows) ids.push_back(row.value("id", std::string{}));
  }
  std::vector<Json> found;
  for (const std::string& id : ids) {
    Options one = o;
    one.id = id;
    auto recording = open(context, one, "search");
    if (!recording) return base::pass(recording);
    auto hits = search_recording(*recording, o.text, o.ignore_case ? Case::ignore : Case::exact);
    if (!hits) {
      std::cerr << "sallyport: " << id << ": " << base::escape_for_terminal(hits.message()) << "\n";
      continue;
    }
    for (const Hit& hit : *hits) {
      found.push_back(
          {{"id", id}, {"time_ms", hit.time_ms}, {"channel", hit.channel}, {"where", hit.where}, {"text", hit.text}});
    }
  }
  return print_rows(context, {{"ID", "id"}, {"MS", "time_ms"}, {"CH", "channel"}, {"WHERE", "where"}, {"TEXT", "text"}},
                    std::move(found));
}

base::Result<int> verify_one(Context& context, const Options& o) {
  if (o.file.empty() == o.id.empty()) return base::fail(base::Errc::invalid, "name a recording, or a file with --file");
  base::Result<OpenRecording> recording =
      o.file.empty() ? open(context, o, "verify") : open_record_file(o.file, o.node_key);
  if (!recording) return base::pass(recording);
  return verify_and_print(context, *recording, o.deep ? Depth::deep : Depth::plain);
}

void add_reading_verbs(Command recording, const std::shared_ptr<Options>& o) {
  Command verb =
      recording.verb("play", "Play a recording on this terminal; space pauses, + and - change speed, q leaves",
                     {"sallyport recording play 01hzy…", "sallyport recording play 01hzy… --speed 4 --idle-limit 2",
                      "sallyport recording play 01hzy… --dump | less -R"});
  verb.positional("ID", o->id, "The recording")
      .option("--speed", o->speed, "How many times as fast", 0.01, 1000)
      .option("--idle-limit", o->idle_limit, "Cut silences to so many seconds (0: none)", 0, 86400)
      .option("--channel", o->channel, "This channel, not the first with a terminal")
      .flag("--exit", o->exit, "Leave at the end instead of holding the last screen")
      .flag("--dump", o->dump, "The output byte for byte, at once, to a file or a program")
      .run([o](Context& c) { return play_one(c, *o); });
  verb = recording.verb("export", "Write a recording in a format of others",
                        {"sallyport recording export 01hzy… --format asciicast -O session.cast",
                         "sallyport recording export 01hzy… --format text",
                         "sallyport recording export 01hzy… --format jsonl --with-input"});
  verb.positional("ID", o->id, "The recording")
      .option("--format", o->format, "asciicast is version 2", {"asciicast", "text", "jsonl"})
      .option("-O,--out", o->out, "Write to this new file, not to standard output")
      .option("--channel", o->channel, "This channel, not the first with a terminal")
      .flag("--with-input", o->with_input, "With what was typed, passwords too; the audit log says so")
      .run([o](Context& c) { return export_one(c, *o); });
}

}  // namespace

void add_recording_verbs(Command root) {
  auto o = std::make_shared<Options>();
  Command recording = root.group("recording", "Show, play, search, export and prove what was recorded");
  Command verb = recording.verb("list", "List recordings, the newest first",
                                {"sallyport recording list --user alice --since 2026-03-01T00:00:00Z"});
  verb.option("--user", o->user, "Only this user's")
      .option("--target", o->target, "Only those on this target")
      .option("--since", o->since, "Only those begun at or after this time (RFC 3339)")
      .option("--until", o->until, "Only those begun before this time")
      .run([o](Context& c) { return list(c, *o); });
  verb = recording.verb("show", "Show what is in a recording",
                        {"sallyport recording show 01hzy…", "sallyport recording show 01hzy… --commands",
                         "sallyport recording show 01hzy… --events -o json"});
  verb.positional("ID", o->id, "The recording")
      .flag("--commands", o->commands, "What was run, with its verdict")
      .flag("--events", o->events, "Every event")
      .flag("--with-input", o->with_input, "With what was typed, passwords too; the audit log says so")
      .run([o](Context& c) { return show(c, *o); });
  add_reading_verbs(recording, o);
  verb = recording.verb(
      "search", "Search recordings' commands and output for a text",
      {"sallyport recording search 'rm -rf' --user alice", "sallyport recording search -i error --id 01hzy…"});
  verb.positional("TEXT", o->text, "What to look for, within a line")
      .option("--id", o->id, "Only in this recording")
      .option("--user", o->user, "Only in this user's")
      .option("--target", o->target, "Only in those on this target")
      .option("--since", o->since, "Only in those begun at or after this time (RFC 3339)")
      .option("--until", o->until, "Only in those begun before this time")
      .flag("-i,--ignore-case", o->ignore_case, "Whatever the case (ASCII)")
      .run([o](Context& c) { return search(c, *o); });
  verb = recording.verb("verify", "Prove a recording, or name what is wrong with it: exit status 1 when something is",
                        {"sallyport recording verify 01hzy…",
                         "sallyport recording verify --file 01hzy….rec --node-key BASE64      # offline"});
  verb.positional("ID", o->id, "The recording", Presence::optional)
      .option("--file", o->file, "Files instead, offline: ID.rec, its tails and ID.keys beside it")
      .option("--node-key", o->node_key, "With --file: the node's public key in base64, as `sallyport status` shows it")
      .flag("--deep", o->deep, "Also play it through and compare the recorded screens")
      .run([o](Context& c) { return verify_one(c, *o); });
}

}  // namespace sallyport::cli
