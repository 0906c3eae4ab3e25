// SPDX-License-Identifier: Apache-2.0
// No two workers may ever draw the same random bytes, although all are copies of one zygote. Untrusted side.
#pragma once

namespace sallyport::leg {

/// In the zygote: instantiates the libraries' generators, so that workers share what that costs.
void warm_up_randomness();

/// First thing in a worker: fresh bytes from the kernel into every generator that keeps state. OpenSSL's notices forks
/// by the process number, which is 1 in every worker: not to be relied on. libsodium's keeps none and asks the kernel
/// each time. Aborts when the kernel has no randomness to give.
void reseed_randomness();

}  // namespace sallyport::leg
