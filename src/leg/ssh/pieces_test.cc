// SPDX-License-Identifier: Apache-2.0
// The queue of answers, and what a key exchange is told by.
#include <gtest/gtest.h>

#include "ipc/ssh_back.pb.h"
#include "leg/ssh/answer_queue.h"
#include "leg/ssh/kex_evidence.h"

namespace sallyport::leg::ssh {
namespace {

TEST(AnswerQueue, AnswersInTheOrderOfRequests) {
  using State = AnswerQueue::State;
  AnswerQueue q;
  q.push(State::awaited);
  q.push(State::no);
  q.push(State::awaited);
  EXPECT_FALSE(q.take()) << "the first is the far leg's to give";
  EXPECT_EQ(q.answered(true), State::awaited);
  EXPECT_TRUE(q.take()->ok);
  EXPECT_FALSE(q.take()->ok);
  EXPECT_FALSE(q.take());
  EXPECT_EQ(q.answered(false, base::view("x")), State::awaited);
  const auto last = q.take();
  EXPECT_FALSE(last->ok);
  EXPECT_EQ(base::text(last->data), "x");
  EXPECT_FALSE(q.answered(true)) << "nothing is awaited any more";
}

TEST(AnswerQueue, SwallowsWhatThePeerWasToldBefore) {
  using State = AnswerQueue::State;
  AnswerQueue q;
  q.push(State::yes);
  q.push(State::swallowed);
  q.push(State::awaited);
  EXPECT_TRUE(q.take()->ok);
  EXPECT_EQ(q.answered(false), State::swallowed);
  EXPECT_FALSE(q.take());
  q.answer_all(true);
  EXPECT_TRUE(q.take()->ok);
}

TEST(KexEvidence, TheLargestFitsAMessage) {
  codec::ssh::KexEvidence e;
  e.method = keys::KexMethod::dh_group18_sha512;
  e.host_key_algorithm = std::string(64, 'a');
  e.client_version = e.server_version = std::string(253, 'v');
  e.client_kexinit.resize(codec::ssh::kMaxKexInitBytes);
  e.server_kexinit.resize(4096);
  e.host_key.resize(codec::ssh::kMaxHostKeyBytes);
  e.client_public.resize(1216);
  e.server_public.resize(1120);
  e.shared_secret = base::SecretBytes(std::size_t{1024});
  ipc::BackToBroker message;
  to_message(e, *message.mutable_host_proof()->mutable_inputs());
  message.mutable_host_proof()->set_signature(std::string(codec::ssh::kMaxHostSignatureBytes, 's'));
  EXPECT_LE(message.ByteSizeLong(), 60u * 1024) << "what the broker takes";
}

}  // namespace
}  // namespace sallyport::leg::ssh
