// SPDX-License-Identifier: Apache-2.0
// Who a contained process is and what it may become: nobody, nothing. No step here can be taken back.
#pragma once

#include <optional>

#include "sandbox/identity.h"
#include "sandbox/step.h"

namespace sallyport::sandbox {

/// Root becomes identity, with no supplementary groups; anyone else stays who they are (and may not be named another).
/// Root without an identity, or an identity that is root, is a failure.
Step become(const std::optional<Identity>& identity);

/// SIGKILL when the thread that started this process ends. Call after the last change of user: that clears the setting.
/// broker_fd: the broker's socket. Had the broker died before the call, the kernel would have closed its end before it
/// gave this process another parent, so a hang-up there, looked for afterwards, leaves no gap. (getppid cannot tell: a
/// worker's parent is outside its namespace, and always 0.)
Step die_with_broker(int broker_fd);

/// No set-user-id program or file capability can add rights any more; needed by Landlock and seccomp.
Step forbid_new_privileges();
/// No core dump, no ptrace or /proc/PID/mem by others of the same user.
Step hide_from_debuggers();

/// A zygote keeps CAP_SYS_ADMIN in its own user namespace, to make each worker a process namespace; nothing else.
Step keep_only_namespace_capability();
/// A worker keeps none.
Step drop_all_capabilities();

}  // namespace sallyport::sandbox
