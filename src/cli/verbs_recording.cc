// SPDX-License-Identifier: Apache-2.0
// recording list, show, play, export, search, verify. Each opening goes through the gateway and stands in its audit
// log.
#include <unistd.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/escape.h"
#include "cli/export.h"
#include "cli/list_pages.h"
#include "cli/new_file.h"
#include "cli/output.h"
#include "cli/player.h"
#include "cli/reading.h"
#include "cli/record_search.h"
#include "cli/record_show.h"
#include "cli/record_verify.h"
#include "cli/search_pool.h"
#include "cli/verbs.h"
#include "ipc/admin.pb.h"

namespace sallyport::cli {
namespace {

struct Options {
  std::string id, channel, file, node_key, out, text;
  std::string user, account, target, since, until;
  unsigned limit = 0;
  std::string format = "asciicast";
  double speed = 1;
  double idle_limit = 0;
  bool with_input = false, commands = false, files = false, events = false, dump = false, exit = false, deep = false;
  bool ignore_case = false;
};

const std::vector<Column>& columns() {
  static const std::vector<Column> all{{"ID", "id"},         {"USER", "user"},           {"ACCOUNT", "account"},
                                       {"TARGET", "target"}, {"STATE", "state"},         {"STARTED", "started_at"},
                                       {"BYTES", "bytes"},   {"INTEGRITY", "integrity"}, {"ENDED-BY", "end_reason"}};
  return all;
}

base::Result<List> list_of(Context& context, const Options& o) {
  auto client = context.connect();
  if (!client) return base::pass(client);
  const PageRequest page = [&](const std::string& cursor, std::uint32_t limit) {
    ipc::AdminRequest request;
    ipc::RecordingList& list = *request.mutable_recording_list();
    list.set_user(o.user);
    list.set_account(o.account);
    list.set_target(o.target);
    list.set_since(o.since);
    list.set_until(o.until);
    list.set_cursor(cursor);
    list.set_limit(limit);
    return request;
  };
  return ask_list(*client, page, o.limit);
}

base::Result<int> list(Context& context, const Options& o) {
  auto answer = list_of(context, o);
  if (!answer) return base::pass(answer);
  auto rows = parse_objects(answer->items);
  if (!rows) return base::pass(rows);
  for (Json& row : *rows) row["integrity"] = known_integrity(row);
  tell_of_more(context, *answer);
  return print_rows(context, columns(), *rows);
}

base::Result<OpenRecording> open(Context& context, const Options& o, const std::string& purpose) {
  auto client = context.connect();
  if (!client) return base::pass(client);
  return open_recording(*client, o.id, purpose, o.with_input ? Input::with : Input::without);
}

base::Result<int> show(Context& context, const Options& o) {
  auto recording = open(context, o, "show");
  if (!recording) return base::pass(recording);
  return read_contained(*recording, [&](Viewer&) {
    if (o.commands) return show_commands(context, *recording);
    if (o.files) return show_files(context, *recording);
    if (o.events) return show_events(context, *recording);
    return show_summary(context, *recording);
  });
}

base::Result<int> status_of(base::Status done) {
  if (!done) return base::pass(done);
  return 0;
}

base::Result<int> play_one(Context& context, const Options& o) {
  if (o.dump && ::isatty(STDOUT_FILENO) == 1) {
    return base::fail(base::Errc::denied,
                      "the raw bytes of a session could take over your terminal: send --dump to a file or a program");
  }
  if (!o.dump && !screen_available()) {
    return base::fail(base::Errc::unsupported,
                      "play needs a terminal on standard input and output; --dump writes the output to a file, "
                      "`recording export` writes a cast or text");
  }
  auto recording = open(context, o, "play");
  if (!recording) return base::pass(recording);
  const ContainedWork work = [&](Viewer& viewer) -> base::Result<int> {
    auto channel = pick_channel(*recording, o.channel);
    if (!channel) return base::pass(channel);
    if (o.dump) return status_of(dump_output(*recording, *channel));
    const auto at_end = o.exit ? PlayOptions::AtEnd::leave : PlayOptions::AtEnd::hold;
    return status_of(play(*recording, *channel, {o.speed, o.idle_limit, at_end}, viewer));
  };
  return o.dump ? read_contained(*recording, work) : view_contained(recording->descriptors, work);
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
  const ContainedWork work = [&](Viewer&) { return status_of(export_to(*recording, o, std::cout)); };
  if (o.out.empty() || o.out == "-") return read_contained(*recording, work);
  auto file = NewFile::create(o.out);  // a recording is nobody else's to read
  if (!file) return base::pass(file);
  auto done = read_contained(*recording, work, [&](std::string_view words) -> base::Status {
    if (!file->out().write(words.data(), static_cast<std::streamsize>(words.size()))) {
      return base::fail(base::Errc::io, "the export could not be written: is the disk full?");
    }
    return {};
  });
  if (!done) return done;
  if (auto kept = file->keep(); !kept) return base::pass(kept);
  return done;
}

// A recording of a session that nothing happened in has its start, its login and its end.
bool may_hold_text(const Json& row) {
  const Json events = row.value("events", Json());
  if (!events.is_number_unsigned() || row.value("state", std::string()) != "sealed") return true;
  return events == 0 || events > 3;
}

base::Result<std::vector<std::string>> ids_to_search(Context& context, const Options& o) {
  if (!o.id.empty()) return std::vector<std::string>{o.id};
  auto answer = list_of(context, o);
  if (!answer) return base::pass(answer);
  auto rows = parse_objects(answer->items);
  if (!rows) return base::pass(rows);
  std::vector<std::string> ids;
  for (const Json& row : *rows) {
    if (may_hold_text(row)) ids.push_back(row.value("id", std::string{}));
  }
  return ids;
}

// On a terminal: how far it is. Nothing of what is searched is in it.
SearchPool::Progress progress_of(std::size_t all) {
  if (::isatty(STDERR_FILENO) != 1 || all < 2) return [](std::size_t, std::size_t) {};
  return [all, shown = base::Micros{0}](std::size_t done, std::size_t hits) mutable {
    const base::Micros now = base::SystemClock().monotonic_us();
    if (done < all && now - shown < 100'000) return;
    shown = now;
    std::cerr << "\r" << done << " of " << all << " recordings searched, " << hits << " hits";
    std::cerr << (done < all ? "" : "\r\x1b[K") << std::flush;
  };
}

// One recording that cannot be searched does not hide what is in the others, but the answer is not whole then.
base::Result<int> search(Context& context, const Options& o) {
  if (auto fit = check_search_text(o.text); !fit) return base::pass(fit);
  auto ids = ids_to_search(context, o);
  if (!ids) return base::pass(ids);
  SearchPool pool(context, o.text, o.ignore_case ? Case::ignore : Case::exact);
  auto outcomes = pool.search(*ids, progress_of(ids->size()));
  if (!outcomes) return base::pass(outcomes);
  std::vector<Json> found;
  std::size_t failed = 0;
  for (std::size_t i = 0; i < outcomes->size(); ++i) {
    const SearchPool::Outcome& outcome = (*outcomes)[i];
    if (!outcome.problem.empty()) {
      ++failed;
      std::cerr << "sallyport: " << base::escape_for_terminal((*ids)[i] + ": " + outcome.problem) << "\n";
    }
    for (const Hit& hit : outcome.hits) {
      found.push_back({{"id", (*ids)[i]},
                       {"time_ms", hit.time_ms},
                       {"channel", hit.channel},
                       {"where", hit.where},
                       {"text", hit.text}});
    }
  }
  const bool all = found.size() < SearchPool::kMaxAllHits;
  print_rows(context, {{"ID", "id"}, {"MS", "time_ms"}, {"CH", "channel"}, {"WHERE", "where"}, {"TEXT", "text"}},
             found);
  if (failed != 0) {
    return base::fail(base::Errc::io, std::to_string(failed) + " of " + std::to_string(ids->size()) +
                                          " recordings could not be searched");
  }
  if (!all) {
    return base::fail(base::Errc::full, "there are more hits than the command shows: name a user, a target or a time");
  }
  return 0;
}

base::Result<int> verify_one(Context& context, const Options& o) {
  if (o.file.empty() == o.id.empty()) return base::fail(base::Errc::invalid, "name a recording, or a file with --file");
  base::Result<OpenRecording> recording =
      o.file.empty() ? open(context, o, "verify") : open_record_file(o.file, o.node_key);
  if (!recording) return base::pass(recording);
  return read_contained(
      *recording, [&](Viewer&) { return verify_and_print(context, *recording, o.deep ? Depth::deep : Depth::plain); });
}

void add_reading_verbs(Command recording, const std::shared_ptr<Options>& o) {
  Command verb =
      recording.verb("play", "Play a recording on this terminal; space pauses, + and - change speed, q leaves",
                     {"sallyport recording play 01hzy…", "sallyport recording play 01hzy… --speed 4 --idle-limit 2",
                      "sallyport recording play 01hzy… --dump | less -R"});
  verb.id("recording", o->id, "The recording")
      .option("--speed", o->speed, "The speed, as a factor", 0.01, 1000)
      .option("--idle-limit", o->idle_limit, "Shorten each silence to so many seconds (0: never)", 0, 86400)
      .option("--channel", o->channel, "This channel instead of the first one with a terminal")
      .flag("--exit", o->exit, "Leave at the end instead of holding the last screen")
      .flag("--dump", o->dump, "Write the output byte for byte, at once, to a file or a program")
      .run([o](Context& c) { return play_one(c, *o); });
  verb = recording.verb("export", "Write a recording in another format",
                        {"sallyport recording export 01hzy… --format asciicast -O session.cast",
                         "sallyport recording export 01hzy… --format text",
                         "sallyport recording export 01hzy… --format jsonl --with-input"});
  verb.id("recording", o->id, "The recording")
      .option("--format", o->format, "The format; asciicast is version 2", {"asciicast", "text", "jsonl"})
      .option("-O,--out", o->out, "Write to this new file, not to standard output")
      .option("--channel", o->channel, "This channel instead of the first one with a terminal")
      .flag("--with-input", o->with_input, "Add what the user typed, passwords too; the audit log records this")
      .run([o](Context& c) { return export_one(c, *o); });
}

}  // namespace

void add_recording_verbs(Command root) {
  auto o = std::make_shared<Options>();
  Command recording = root.group("recording", "Show, play, search, export and prove what was recorded");
  Command verb = recording.verb(
      "list", "List recordings, the newest first",
      {"sallyport recording list --user alice --since 2026-03-01T00:00:00Z", "sallyport recording list --limit 20"});
  verb.option("--user", o->user, "Only this user's")
      .option("--account", o->account, "Only those with this account")
      .option("--target", o->target, "Only those on this target")
      .option("--since", o->since, "Only those begun at or after this time (RFC 3339)")
      .option("--until", o->until, "Only those begun before this time")
      .option("--limit", o->limit, "So many at most (0: all)")
      .run([o](Context& c) { return list(c, *o); });
  verb = recording.verb("show", "Show what is in a recording",
                        {"sallyport recording show 01hzy…", "sallyport recording show 01hzy… --commands",
                         "sallyport recording show 01hzy… --events -o json"});
  verb.id("recording", o->id, "The recording")
      .flag("--commands", o->commands, "Commands, with their verdicts")
      .flag("--files", o->files, "File operations (none are decoded in this version)")
      .flag("--events", o->events, "Every event")
      .flag("--with-input", o->with_input, "Add what the user typed, passwords too; the audit log records this")
      .run([o](Context& c) { return show(c, *o); });
  add_reading_verbs(recording, o);
  verb = recording.verb(
      "search", "Search recordings' commands and output for a text",
      {"sallyport recording search 'rm -rf' --user alice", "sallyport recording search -i error --id 01hzy…"});
  verb.positional("TEXT", o->text, "The text to find, within a line")
      .option("--id", o->id, "Only this recording")
      .option("--user", o->user, "Only recordings of this user")
      .option("--target", o->target, "Only recordings on this target")
      .option("--since", o->since, "Only recordings that began at or after this time (RFC 3339)")
      .option("--until", o->until, "Only recordings that began before this time")
      .flag("-i,--ignore-case", o->ignore_case, "Ignore the case (of ASCII letters)")
      .run([o](Context& c) { return search(c, *o); });
  verb = recording.verb("verify", "Verify a recording and name what is wrong; exit status 1 when something is",
                        {"sallyport recording verify 01hzy…",
                         "sallyport recording verify --file 01hzy….rec --node-key BASE64      # offline"});
  verb.id("recording", o->id, "The recording", Presence::optional)
      .option("--file", o->file, "Verify the file ID.rec offline, with its tails and ID.keys beside it")
      .option("--node-key", o->node_key, "With --file: the node's public key in base64, as `sallyport status` shows it")
      .flag("--deep", o->deep, "Also play the recording and compare its screens with the recorded ones")
      .run([o](Context& c) { return verify_one(c, *o); });
}

}  // namespace sallyport::cli
