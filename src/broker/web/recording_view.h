// SPDX-License-Identifier: Apache-2.0
// A recording shown to one browser: the API opens it and notes that, a viewer decodes it, and what it says goes to the
// browser at the browser's pace. Trusted side, on the loop of the connection that asked; keys go to the viewer alone.
#pragma once

#include <memory>
#include <string>

#include "broker/api/caller.h"
#include "broker/intake/admission.h"
#include "broker/node/descriptor_budget.h"
#include "broker/web/answer_line.h"
#include "broker/web/viewing.h"

namespace sallyport::broker {

class WebEntrance;

class RecordingView : public std::enable_shared_from_this<RecordingView> {
 public:
  enum class What : bool { events, proof };

  /// The line's connection lives on the thread's loop. Null: too many recordings are shown, to this user or at all.
  static std::shared_ptr<RecordingView> make(WebEntrance& entrance, SessionThread& thread,
                                             std::shared_ptr<web::AnswerLine> line, const std::string& user);
  ~RecordingView();

  /// Begins; returns what the exchange at the API is known by.
  std::uint64_t start(api::Caller caller, ipc::RecordingOpen asked, What what);
  /// The browser has taken what was on its way.
  void go_on();
  /// Resources may have changed: one who may not see recordings any more sees no more of this one.
  void look_again();

 private:
  RecordingView(WebEntrance& entrance, SessionThread& thread, std::shared_ptr<web::AnswerLine> line);

  void opened(const std::shared_ptr<web::OpenedRecording>& recording);
  void show(base::Result<SpawnedWorker>& spawned, web::OpenedRecording& recording);
  void lines(const std::string& bytes, bool last);
  void proof(const ipc::ViewerProof& proof);
  void refuse(unsigned status, const std::string& code, const std::string& detail);
  void broken(const std::string& fault);
  void break_off();
  /// Not from within the call of a viewer.
  void end_viewing();

  WebEntrance& entrance_;
  SessionThread& thread_;
  const std::shared_ptr<web::AnswerLine> line_;
  std::unique_ptr<Admission::Ticket> place_;
  std::unique_ptr<DescriptorBudget::Share> descriptors_;
  api::Caller caller_;
  ipc::ViewerTask task_;
  std::string facts_;
  std::unique_ptr<web::Viewing> viewing_;
  bool begun_ = false;  // the answer's head is out
  bool over_ = false;
};

}  // namespace sallyport::broker
