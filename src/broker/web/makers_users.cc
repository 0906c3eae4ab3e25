// SPDX-License-Identifier: Apache-2.0
// Users, accounts, keys of the gateway. Secrets go in and never come out, but for a new second factor's.
#include "broker/web/makers.h"

namespace sallyport::broker::web {

using Needed = Inputs::Needed;

api::Request user_show(Inputs& in) {
  ipc::ShowUser out;
  out.set_name(in.place(0));
  return out;
}

api::Request user_set_password(Inputs& in) {
  ipc::SetPassword out;
  out.set_user(in.place(0));
  out.set_password(in.field("password", Needed::yes));
  return out;
}

api::Request user_add_key(Inputs& in) {
  ipc::AddKey out;
  out.set_user(in.place(0));
  out.set_key_line(in.field("key", Needed::yes));
  return out;
}

api::Request user_enroll_totp(Inputs& in) {
  ipc::EnrollTotp out;
  out.set_user(in.place(0));
  return out;
}

api::Request user_confirm_totp(Inputs& in) {
  ipc::ConfirmTotp out;
  out.set_user(in.place(0));
  out.set_code(in.field("code", Needed::yes));
  out.set_recovery_codes(in.field_flag("recovery_codes"));
  return out;
}

api::Request user_remove_totp(Inputs& in) {
  ipc::RemoveTotp out;
  out.set_user(in.place(0));
  return out;
}

api::Request account_set_secret(Inputs& in) {
  ipc::SetSecret out;
  out.set_account(in.place(0));
  out.set_secret(in.field("secret", Needed::yes));
  return out;
}

api::Request ca_show(Inputs& in) {
  ipc::ShowCa out;
  out.set_which(in.place(0));
  return out;
}

api::Request master_key_rotate(Inputs& in) {
  ipc::RotateMasterKey out;
  out.set_passphrase(in.field("passphrase"));
  return out;
}

}  // namespace sallyport::broker::web
