// SPDX-License-Identifier: Apache-2.0
// The session loop's half of the writer: frames into the current tail, one pwrite a flush, and the bookkeeping of jobs.
#include "recording/writer.h"

#include <unistd.h>

#include <cassert>

#include "base/id.h"
#include "recording/file_io.h"
#include "recording/frame.h"
#include "recording/header.h"
#include "recording/jobs.h"
#include "recording/record_keys.h"
#include "recording/wire.h"

namespace sallyport::recording {
namespace {

// The next tail is made when this much of the current one is used: early enough for a slow disk, late enough that an
// idle session holds one.
constexpr std::uint64_t kPrepareAtBytes = kTailTargetBytes / 4;
// A frame buffer larger than this goes back when the traffic no longer needs it.
constexpr std::size_t kKeptBufferBytes = 8 * 1024;

}  // namespace

struct Writer::State {
  std::string directory;
  std::string id;
  std::shared_ptr<const Signer> signer;
  std::shared_ptr<const RecordKeys> keys;
  std::shared_ptr<RecordFile> file;  // jobs alone append to it
  Hash header_hash{};
  Hash key_file_hash{};

  std::shared_ptr<Tail> tail;
  std::shared_ptr<Tail> next;
  bool job_out = false;
  bool closed = false;
  base::Status failure;

  base::Bytes frame;  // head room, then the entries of the frame being filled
  std::uint32_t pending = 0;
  std::uint32_t pending_inputs = 0;
  std::uint64_t seq = 0;  // of the next entry

  base::Status fail(base::Status why) {
    failure = why;
    return why;
  }
  std::size_t pending_bytes() const { return frame.empty() ? 0 : frame.size() - kFrameHeadBytes; }
  bool fits(std::size_t plain_bytes) const {
    return tail->used + plain_bytes + kFrameOverheadBytes <= kTailCapacityBytes;
  }
  bool full() const { return tail->used >= kTailTargetBytes || tail->plain_bytes >= kChunkTargetBytes; }
  bool wants_next() const { return !next && (tail->used >= kPrepareAtBytes || tail->plain_bytes >= kPrepareAtBytes); }

  base::Status begin_tail(std::shared_ptr<Tail> fresh);
  base::Status write_frame();
  void give_back();
};

base::Status Writer::State::begin_tail(std::shared_ptr<Tail> fresh) {
  // After an unflushed batch the first frame here starts with it: sequence numbers count what is in frames.
  fresh->first_seq = seq - pending;
  fresh->chain_in = tail ? tail->chain : header_hash;
  fresh->chain = fresh->chain_in;
  const base::Bytes head = encode_tail_head({header_hash, fresh->number, fresh->chain_in, fresh->first_seq});
  if (auto written = write_at(fresh->fd.get(), head, 0); !written) return written;
  fresh->used = head.size();
  tail = std::move(fresh);
  return {};
}

base::Status Writer::State::write_frame() {
  FrameHead head;
  head.body_bytes = static_cast<std::uint32_t>(pending_bytes() + kTagBytes);
  head.number = tail->frames;
  head.first_seq = seq - pending;
  head.entries = pending;
  head.inputs = pending_inputs;
  frame.resize(frame.size() + kTagBytes + 32);
  const Hash chain = seal_frame(*keys, {header_hash, tail->number, tail->chain}, head, frame);
  if (auto written = write_at(tail->fd.get(), frame, tail->used); !written) return written;
  tail->used += frame.size();
  tail->plain_bytes += head.body_bytes - kTagBytes;
  tail->entries += pending;
  tail->inputs += pending_inputs;
  ++tail->frames;
  tail->chain = chain;
  return {};
}

void Writer::State::give_back() {
  const bool oversized = frame.capacity() > kKeptBufferBytes && frame.size() < frame.capacity() / 8;
  frame.clear();
  if (oversized) base::Bytes().swap(frame);
  pending = 0;
  pending_inputs = 0;
}

Writer::Writer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Writer::~Writer() {
  // Entries that were never flushed are plaintext, and were never forwarded.
  if (state_) base::wipe(state_->frame.data(), state_->frame.size());
}

base::Result<std::unique_ptr<Writer>> Writer::create(const WriterOptions& options, std::shared_ptr<const Signer> signer,
                                                     base::Random& random) {
  ready_crypto();
  if (!base::is_id(options.id)) return base::fail(base::Errc::invalid, "a recording needs a session id as its name");
  if (options.recipients.empty()) {
    return base::fail(base::Errc::invalid, "a recording without a recipient could be read by nobody");
  }
  const ReadKeys fresh = make_keys(random);
  Header header;
  header.id = options.id;
  header.started_at_us = options.started_at_us;
  random.fill(header.salt);
  header.session_commitment = commit_session_key(header.salt, fresh.session);
  header.input_commitment = commit_input_key(header.salt, fresh.input);
  auto bytes = header.encode_signed(*signer);
  if (!bytes) return pass(bytes);
  auto wrapped = wrap_keys(fresh, header.hash, options.recipients);
  if (!wrapped) return pass(wrapped);

  const std::string path = record_path(options.directory, options.id);
  const std::string keys_file = keys_path(options.directory, options.id);
  auto fd = create_reserved(path, 0);
  if (!fd) return pass(fd);
  auto state = std::make_unique<State>();
  state->directory = options.directory;
  state->id = options.id;
  state->signer = std::move(signer);
  state->keys = std::make_shared<const RecordKeys>(RecordKeys::derive(fresh.session, fresh.input));
  state->header_hash = header.hash;
  state->key_file_hash = key_file_checksum(*wrapped);
  base::Status done = write_at(fd->get(), *bytes, 0);
  if (done) done = sync_data(fd->get());
  if (done) done = base::replace_file(keys_file, *wrapped, 0600);
  if (done) {
    auto tail = create_tail(options.directory, options.id, 0);  // syncs the directory, for all three
    done = tail ? state->begin_tail(*tail) : base::Status(pass(tail));
    if (!done && tail) ::unlink((*tail)->path.c_str());
  }
  if (!done) {
    ::unlink(path.c_str());
    ::unlink(keys_file.c_str());
    ::unlink((keys_file + ".tmp").c_str());
    return pass(done);
  }
  state->file = std::make_shared<RecordFile>(std::move(*fd), bytes->size(), header.hash);
  return std::unique_ptr<Writer>(new Writer(std::move(state)));
}

bool Writer::ready() const {
  const State& s = *state_;
  return s.failure && !s.closed && s.fits(s.pending_bytes() + kMaxFrameBytes);
}

base::Status Writer::add(EntryKind kind, base::Micros time_us, base::ByteView event) {
  State& s = *state_;
  if (!s.failure) return s.failure;
  if (s.closed) return base::fail(base::Errc::closed, "the recording is closed");
  if (event.size() > kMaxEventBytes) return base::fail(base::Errc::invalid, "the event is too large to record");
  const std::size_t body = event.size() + (kind == EntryKind::input ? kTagBytes : 0);
  if (s.pending_bytes() + kEntryHeadBytes + body > kMaxFrameBytes) {
    if (auto flushed = flush(); !flushed) return flushed;
  }
  if (s.frame.empty()) s.frame.resize(kFrameHeadBytes);
  append_entry_head(s.frame, kind, time_us, body);
  s.frame.insert(s.frame.end(), event.begin(), event.end());
  if (kind == EntryKind::input) {
    seal_input(*s.keys, s.header_hash, s.seq, time_us, s.frame, event.size());
    ++s.pending_inputs;
  }
  ++s.pending;
  ++s.seq;
  return {};
}

base::Status Writer::flush() {
  State& s = *state_;
  if (!s.failure) return s.failure;
  if (s.pending == 0) return {};
  if (!s.fits(s.pending_bytes())) {
    return base::fail(base::Errc::busy, "the recording waits for the disk");
  }
  if (auto written = s.write_frame(); !written) return s.fail(written);
  s.give_back();
  return {};
}

base::Status Writer::sync() {
  if (auto flushed = flush(); !flushed) return flushed;
  State& s = *state_;
  if (auto synced = sync_data(s.tail->fd.get()); !synced) return s.fail(synced);
  s.tail->synced = s.tail->used;
  return {};
}

bool Writer::chunk_full() const {
  return state_->full();
}

bool Writer::job_due() const {
  const State& s = *state_;
  return s.failure && !s.closed && !s.job_out && (s.wants_next() || (s.full() && s.next));
}

base::Result<std::unique_ptr<Job>> Writer::take_job() {
  State& s = *state_;
  if (!s.failure) return base::fail(s.failure.error().code, s.failure.error().message);
  if (!job_due()) return nullptr;
  if (!s.next) {
    s.job_out = true;
    return std::make_unique<PrepareJob>(s.directory, s.id, s.tail->number + 1);
  }
  std::shared_ptr<Tail> full = s.tail;
  if (auto begun = s.begin_tail(std::move(s.next)); !begun) {
    s.failure = begun;
    return pass(begun);
  }
  s.next.reset();
  s.job_out = true;
  return std::make_unique<ChunkJob>(std::move(full), s.file, s.keys);
}

base::Result<std::unique_ptr<Job>> Writer::take_sync_job() {
  State& s = *state_;
  if (!s.failure) return base::fail(s.failure.error().code, s.failure.error().message);
  if (s.closed || s.tail->synced == s.tail->used) return nullptr;
  return std::make_unique<SyncJob>(s.tail);
}

base::Result<JobOutcome> Writer::finish(std::unique_ptr<Job> job) {
  State& s = *state_;
  auto& done = static_cast<WriterJob&>(*job);
  if (done.kind() != JobKind::sync && done.kind() != JobKind::close) s.job_out = false;
  if (!done.status) {
    s.failure = done.status;
    return pass(done.status);
  }
  if (done.kind() == JobKind::sync) static_cast<SyncJob&>(done).note_synced();
  if (done.prepared) {
    if (s.closed) {
      ::unlink(done.prepared->path.c_str());
    } else {
      s.next = std::move(done.prepared);
    }
  }
  return std::move(done.outcome);
}

base::Result<std::unique_ptr<Job>> Writer::take_close_job(base::ByteView manifest, std::string_view reason,
                                                          base::Micros closed_at_us) {
  State& s = *state_;
  if (s.closed) return base::fail(base::Errc::closed, "the recording is closed already");
  if (auto flushed = flush(); !flushed) return pass(flushed);
  if (manifest.size() > kMaxManifestBytes) return base::fail(base::Errc::invalid, "the coverage manifest is too long");
  s.closed = true;
  return std::make_unique<CloseJob>(s.tail, std::move(s.next), s.file, s.keys, s.signer,
                                    CloseJob::End{base::to_bytes(manifest), std::string(reason), closed_at_us});
}

const Hash& Writer::header_hash() const {
  return state_->header_hash;
}
const Hash& Writer::key_file_hash() const {
  return state_->key_file_hash;
}
std::uint64_t Writer::entries() const {
  return state_->seq - state_->pending;
}
std::uint64_t Writer::tail_bytes() const {
  return state_->tail->used;
}

}  // namespace sallyport::recording
