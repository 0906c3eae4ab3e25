// SPDX-License-Identifier: Apache-2.0
// A child of the command line that does what needs a session's bytes decoded, in the sandbox of src/sandbox/reader.h:
// the one way in which any verb reads a recording or a live session. Trusted side; what the child says is foreign, for
// what it decodes may have taken it over. It never gets the terminal, the admin socket, or another recording.
#pragma once

#include <poll.h>
#include <sys/types.h>

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "cli/viewer.h"
#include "sandbox/reader.h"

namespace sallyport::cli {

/// What the child does; std::cout and std::cerr lead to the command line.
using ContainedWork = std::function<base::Result<int>(Viewer& viewer)>;

class Contained {
 public:
  /// kept: the descriptors that the work reads. size: of the terminal.
  static base::Result<Contained> start(const sandbox::ReaderBox& box, std::span<const int> kept,
                                       codec::terminal::Size size, const ContainedWork& work);
  Contained(Contained&& other) noexcept;
  Contained& operator=(Contained&&) = delete;
  /// Ends the child, if it still lives.
  ~Contained();

  /// What the child said since the last time.
  struct Said {
    std::string out;
    std::string err;
    bool screen = false;  ///< it asks for the screen, before the words of `out`
  };
  static constexpr std::size_t kPolls = 3;
  /// Appends what to poll for the child's words.
  void add_polls(std::vector<pollfd>& polls) const;
  /// Takes what is ready, by those polls.
  void take(std::span<const pollfd> polls, Said& said);
  /// It will say nothing more.
  bool over() const { return !out_ && !err_ && !orders_; }
  /// Once it is over: what its work returned. Errors: those of the work; corrupt when it ended without a word.
  base::Result<int> result();

  /// False: it does not listen right now (the first of its polls, for writing, says when it does).
  bool tell(Order order, std::string_view rest);
  pid_t pid() const { return pid_; }

 private:
  Contained() = default;
  void take_words(Said& said);
  int reap();

  pid_t pid_ = -1;
  base::Fd orders_;
  base::Fd out_;
  base::Fd err_;
  std::string result_;
};

}  // namespace sallyport::cli
