// SPDX-License-Identifier: Apache-2.0
// The opening of a recording: descriptors and keys go to the caller, who parses. The broker reads nothing of a record
// here but its wrapped keys.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>

#include "base/id.h"
#include "base/log.h"
#include "broker/api/handlers.h"
#include "broker/api/json_fields.h"
#include "broker/record/record_marks.h"
#include "ipc/seqpacket.h"
#include "recording/reader.h"
#include "recording/record_keys.h"

namespace sallyport::broker::api {
namespace {

constexpr std::size_t kMaxTails = 64;
// Of a sealed record with more chunks, the folder is read instead.
constexpr std::uint64_t kMaxProbedTails = 4096;
// How often it may grow while its tails are opened before that is given up.
constexpr int kSnapshotTries = 50;
constexpr std::size_t kMaxSeals = 8;
// What fits one message beside the key file and the rest. Of a longer record the newest are told: each vouches for all
// that came before it.
constexpr std::size_t kMaxHeads = 700;

struct Tail {
  std::uint64_t number = 0;
  base::Fd fd;
};

// All that is sent, gathered off the loop.
struct Opened {
  std::string json;
  base::Fd record;
  std::uint64_t record_bytes = 0;
  std::vector<Tail> tails;
  recording::ReadKeys keys;
  base::Bytes key_file;
  std::string key_problem;
  RecordMarks marks;
};

// Numbers of the tails that are there now, "ID.N.tail", whatever the record says of itself.
std::vector<std::uint64_t> listed_tails(const std::string& directory, const std::string& id) {
  std::vector<std::uint64_t> numbers;
  DIR* dir = ::opendir(directory.c_str());
  if (dir == nullptr) return numbers;
  const std::string prefix = id + ".";
  while (const dirent* entry = ::readdir(dir)) {
    const std::string_view name = entry->d_name;
    if (name.rfind(prefix, 0) != 0 || name.size() < prefix.size() + 6 || name.substr(name.size() - 5) != ".tail") {
      continue;
    }
    const std::string_view digits = name.substr(prefix.size(), name.size() - prefix.size() - 5);
    std::uint64_t number = 0;
    const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error == std::errc{} && rest == digits.data() + digits.size()) numbers.push_back(number);
  }
  ::closedir(dir);
  std::sort(numbers.begin(), numbers.end());
  if (numbers.size() > kMaxTails) numbers.resize(kMaxTails);
  return numbers;
}

// Which tails to try. A sealed record says how many chunks it has, and only their tails can hold entries of it; reading
// the whole folder for each record would make a search of n records cost n².
std::vector<std::uint64_t> tail_numbers(const std::string& directory, const std::string& id,
                                        const std::string& purpose) {
  if (purpose != "search") return listed_tails(directory, id);
  const auto source = recording::open_directory(directory, id);
  if (!source) return listed_tails(directory, id);
  const auto info = recording::inspect(**source);
  if (!info || !info->sealed || info->sealed->chunks > kMaxProbedTails) return listed_tails(directory, id);
  std::vector<std::uint64_t> numbers(info->sealed->chunks);
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

base::Result<std::uint64_t> size_of(const base::Fd& file) {
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return base::fail_errno("a record's size");
  return static_cast<std::uint64_t>(info.st_size);
}

void open_tails(const std::string& directory, const std::string& id, const std::string& purpose, Opened& out) {
  out.tails.clear();
  for (const std::uint64_t number : tail_numbers(directory, id, purpose)) {
    if (out.tails.size() == kMaxTails) return;
    base::Fd fd(::open(recording::tail_path(directory, id, number).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (fd) out.tails.push_back({number, std::move(fd)});
  }
}

// A live record grows meanwhile: the tails belong to the length that it had before and after they were opened.
base::Status open_consistently(const std::string& directory, const std::string& id, const std::string& purpose,
                               Opened& out) {
  for (int tries = 0; tries < kSnapshotTries; ++tries) {
    const auto before = size_of(out.record);
    if (!before) return base::fail(before.error().code, before.error().message);
    open_tails(directory, id, purpose, out);
    const auto after = size_of(out.record);
    if (!after) return base::fail(after.error().code, after.error().message);
    out.record_bytes = *after;
    if (*before == *after) return {};
  }
  return base::fail(base::Errc::busy, "the record of session " + id + " grows too fast to be opened now; try again");
}

base::Status open_files(const std::string& directory, const std::string& id, const std::string& purpose, Opened& out) {
  out.record = base::Fd(::open(recording::record_path(directory, id).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!out.record) return base::fail_errno("the record of session " + id);
  if (auto opened = open_consistently(directory, id, purpose, out); !opened) return opened;
  auto keys = recording::read_key_file(directory, id);
  if (keys) {
    out.key_file = std::move(*keys);
  } else {
    out.key_problem = keys.error().code == base::Errc::not_found ? "key file: missing, so nobody can open the record"
                                                                 : keys.message();
  }
  return {};
}

// A write-only node finds nothing for itself in the key file: the client then gets files without keys.
void unwrap(const Services& services, const std::string& id, bool with_input, Opened& out) {
  auto source = recording::open_directory(services.config.recording.dir, id);
  if (!source || out.key_file.empty()) return;
  auto info = recording::inspect(**source);
  if (!info) return base::log_warning("session " + id + ": its record is damaged: " + info.message());
  const vault::RecordingRecipient& recipient = services.vault.recording_recipient();
  recording::RecipientKey key;
  if (recipient.public_key.size() != key.public_key.size()) return;
  std::copy(recipient.public_key.begin(), recipient.public_key.end(), key.public_key.begin());
  key.secret_key = recipient.secret_key.duplicate();
  auto keys = recording::unwrap_keys(out.key_file, info->header_hash, key);
  if (!keys) {
    if (keys.error().code == base::Errc::corrupt) out.key_problem = keys.message();
    return base::log_info("session " + id + ": its record cannot be opened here: " + keys.message());
  }
  out.keys = std::move(*keys);
  if (!with_input) out.keys.input.clear();
}

void wipe_keys(ipc::RecordingHandle& handle) {
  base::wipe(handle.mutable_session_key()->data(), handle.session_key().size());
  base::wipe(handle.mutable_input_key()->data(), handle.input_key().size());
}

std::string text_of(const std::optional<recording::Hash>& hash) {
  return hash ? std::string(hash->begin(), hash->end()) : std::string();
}

// verify() holds the files against them.
void tell_marks(const RecordMarks& marks, ipc::RecordingHandle& handle) {
  handle.set_header_hash(text_of(marks.known.header));
  handle.set_keys_hash(text_of(marks.keys));
  std::vector<recording::Hash> seals;  // honestly at most one, told twice
  for (const recording::Hash& seal : marks.known.seals) {
    if (seals.size() == kMaxSeals || std::find(seals.begin(), seals.end(), seal) != seals.end()) continue;
    seals.push_back(seal);
    (seals.size() == 1 ? *handle.mutable_seal_hash() : *handle.add_other_seals()) = text_of(seal);
  }
  const std::vector<recording::ChunkMark>& chunks = marks.known.chunks;
  for (std::size_t i = chunks.size() - std::min(chunks.size(), kMaxHeads); i < chunks.size(); ++i) {
    ipc::RecordingHandle::Head& head = *handle.add_heads();
    head.set_chunk(static_cast<std::uint32_t>(chunks[i].number));
    head.set_hash(text_of(chunks[i].head_hash));
  }
}

void send_opened(Exchange& exchange, Opened& opened) {
  std::vector<base::Fd> fds;
  ipc::RecordingHandle handle;
  handle.set_json(opened.json);
  handle.set_session_key(opened.keys.session.data(), opened.keys.session.size());
  handle.set_input_key(opened.keys.input.data(), opened.keys.input.size());
  const base::Bytes& node = exchange.services().vault.node_public_key();
  handle.set_node_public_key(node.data(), node.size());
  handle.set_key_file(opened.key_file.data(), opened.key_file.size());
  handle.set_key_problem(opened.key_problem);
  handle.set_record_bytes(opened.record_bytes);
  tell_marks(opened.marks, handle);
  fds.push_back(std::move(opened.record));
  for (Tail& tail : opened.tails) {
    if (fds.size() == ipc::kMaxMessageFds) {
      exchange.recording(handle, std::move(fds));
      fds.clear();
      wipe_keys(handle);
      handle.Clear();
    }
    handle.add_tail_numbers(static_cast<std::uint32_t>(tail.number));
    fds.push_back(std::move(tail.fd));
  }
  exchange.recording(handle, std::move(fds));
  wipe_keys(handle);
  exchange.done();
}

// On the store's thread: the row, the audit event, the marks.
base::Status look_up(const Exchange& exchange, const std::string& id, const std::string& purpose, bool with_input,
                     Opened& out) {
  Services& services = exchange.services();
  auto row = services.store.get_session(id);
  if ((!row && row.error().code == base::Errc::not_found) || (row && row->recording_state.empty())) {
    return base::fail(base::Errc::not_found, "there is no recording " + id);
  }
  if (!row) return base::pass(row);
  if (services.store.shared() && row->node != services.store.node()) {
    return base::fail(base::Errc::not_found, "recording " + id + " is kept by node " + row->node + ": ask there");
  }
  out.json = recording_json(*row);
  audit::Event event = exchange.event("recording.open", id);
  const Origin& origin = exchange.caller().origin;
  event.fields = {{"purpose", purpose},
                  {"with_input", with_input},
                  {"via", origin.way == Way::portal ? "portal" : "admin-socket"},
                  {"source", origin.from}};
  if (auto written = services.audit.log().append(event); !written) return base::pass(written);
  auto marks = read_record_marks(services.store, id);
  if (!marks) return base::pass(marks);
  out.marks = std::move(*marks);
  return {};
}

}  // namespace

void recording_open(const ExchangePtr& exchange, ipc::RecordingOpen& asked) {
  const std::string id = asked.id();
  const std::string purpose = asked.purpose();
  const bool with_input = asked.with_input();
  const std::array<std::string_view, 5> purposes{"play", "export", "verify", "show", "search"};
  if (!base::is_id(id)) return exchange->fail({base::Errc::invalid, "that is not the id of a recording"});
  if (std::find(purposes.begin(), purposes.end(), purpose) == purposes.end()) {
    return exchange->fail({base::Errc::invalid, "a recording is opened to play, export, verify, show or search it"});
  }
  exchange->run_on(exchange->services().store_thread, [id, purpose, with_input](Exchange& self) {
    auto opened = std::make_shared<Opened>();
    auto found = look_up(self, id, purpose, with_input, *opened);
    if (!found) return self.post([found = std::move(found)](Exchange& e) { e.fail(found.error()); });
    self.post([opened, id, purpose, with_input](Exchange& e) {
      e.run_on(e.context().files, [opened, id, purpose, with_input](Exchange& opener) {
        auto files = open_files(opener.services().config.recording.dir, id, purpose, *opened);
        if (files) unwrap(opener.services(), id, with_input, *opened);
        opener.post([opened, files = std::move(files)](Exchange& ex) {
          if (!files) return ex.fail(files.error());
          send_opened(ex, *opened);
        });
      });
    });
  });
}

}  // namespace sallyport::broker::api
