// SPDX-License-Identifier: Apache-2.0
// sallyport-front-web: the zygote of web fronts. Untrusted side: parses one browser's bytes a worker, holds no key. It
// reads the built pages before its sandbox closes, and no file afterwards.
#include <openssl/ssl.h>

#include "base/clock.h"
#include "base/random.h"
#include "front/web/pages.h"
#include "front/web/web_worker.h"
#include "leg/zygote.h"

namespace {

// Of the whole process: workers are forks of it.
sallyport::front::web::Pages& pages() {
  static sallyport::front::web::Pages all;
  return all;
}

sallyport::base::Status read_pages(const std::string& folder) {
  auto read = sallyport::front::web::Pages::read(folder);
  if (!read) return sallyport::base::pass(read);
  pages() = std::move(*read);
  return {};
}

void warm_up() {
  // Algorithms are fetched once, for all workers. A library that fails now fails in every worker, where it is told.
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  SSL_CTX_free(context);
}

int work(sallyport::leg::WorkerSockets sockets) {
  sallyport::base::SystemClock clock;
  sallyport::base::SystemRandom random;
  return sallyport::front::web::WebWorker(sockets, clock, random, pages()).run();
}

}  // namespace

int main(int argc, char** argv) {
  return sallyport::leg::run_zygote(argc, argv, warm_up, work, {}, read_pages);
}
