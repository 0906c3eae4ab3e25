// SPDX-License-Identifier: Apache-2.0
// The table. What a row asks for is made in the files of its group.
#include "broker/web/routes.h"

#include <array>

#include "broker/web/makers.h"

namespace sallyport::broker::web {

namespace {

constexpr std::size_t kSmall = 16 * 1024;
constexpr std::size_t kText = 64 * 1024;
constexpr std::size_t kSet = std::size_t{4} << 20;

constexpr Route own(std::string_view method, std::string_view path, Own what, std::size_t max_body = 0) {
  return {method, path, what, nullptr, Shape::end, max_body};
}
constexpr Route get(std::string_view path, Route::Make make, Shape shape) {
  return {"GET", path, Own::no, make, shape, 0};
}
constexpr Route post(std::string_view path, Route::Make make, Shape shape, std::size_t max_body = kSmall) {
  return {"POST", path, Own::no, make, shape, max_body};
}
constexpr Route put(std::string_view path, Route::Make make, Shape shape, std::size_t max_body = kSmall) {
  return {"PUT", path, Own::no, make, shape, max_body};
}
constexpr Route remove(std::string_view path, Route::Make make, Shape shape) {
  return {"DELETE", path, Own::no, make, shape, 0};
}

constexpr std::array kRoutes = {
    own("POST", "session", Own::sign_in, kSmall),
    own("GET", "session", Own::who_am_i),
    own("DELETE", "session", Own::sign_out),
    own("POST", "session/proof", Own::prove_again, kSmall),
    own("GET", "session/sign-ins", Own::list_sign_ins),
    own("DELETE", "session/sign-ins/{id}", Own::end_sign_in),
    own("GET", "me/targets", Own::my_targets),
    own("GET", "events", Own::events),
    Route{"GET", "connect", Own::connect, nullptr, Shape::end, 0, true},

    get("sessions", session_list, Shape::list),
    get("sessions/{id}", session_show, Shape::first),
    post("sessions/{id}/control", session_control, Shape::end),
    Route{"GET", "sessions/{id}/watch", Own::no, session_watch, Shape::end, 0, true},
    get("recordings", recording_list, Shape::list),
    Route{"GET", "recordings/{id}", Own::recording_proof, recording_verify},
    Route{"GET", "recordings/{id}/events", Own::recording_events, recording_play},
    get("audit", audit_read, Shape::list),
    get("audit/head", audit_head, Shape::end),
    post("audit/verify", audit_verify, Shape::end, kText),

    get("requests", request_list, Shape::list),
    post("requests", request_create, Shape::first),
    get("requests/{name}", request_show, Shape::first),
    post("requests/{name}/approve", request_approve, Shape::first),
    post("requests/{name}/deny", request_deny, Shape::first),
    post("requests/{name}/close", request_close, Shape::first, 0),
    post("requests/{name}/review", request_review, Shape::first),

    get("invitations", invite_list, Shape::list),
    post("invitations", invite_create, Shape::first),
    get("invitations/{name}", invite_show, Shape::first),
    post("invitations/{name}/revoke", invite_revoke, Shape::first),

    get("changes", change_list, Shape::list),
    get("changes/{name}", change_show, Shape::list),
    post("changes/{name}/approve", change_approve, Shape::end),
    post("changes/{name}/deny", change_deny, Shape::end),
    post("changes/{name}/cancel", change_cancel, Shape::end, 0),
    post("changes/{name}/review", change_review, Shape::end),

    post("resources", resources_apply, Shape::list, kSet),
    get("resources/{kind}", resource_list, Shape::resources),
    get("resources/{kind}/{name}", resource_show, Shape::resource),
    put("resources/{kind}/{name}", resource_put, Shape::list, kText),
    remove("resources/{kind}/{name}", resource_delete, Shape::nothing),
    get("resources/{kind}/{name}/history", resource_history, Shape::list),
    get("resources/{kind}/{name}/diff", resource_diff, Shape::list),

    get("policy/test", policy_test, Shape::end),
    post("policy/lint", policy_lint, Shape::list, kSet),
    post("policy/replay", policy_replay, Shape::list, kSet),

    get("users/{name}", user_show, Shape::first),
    put("users/{name}/password", user_set_password, Shape::nothing),
    post("users/{name}/keys", user_add_key, Shape::end),
    post("users/{name}/totp", user_enroll_totp, Shape::first, 0),
    post("users/{name}/totp/confirm", user_confirm_totp, Shape::first),
    remove("users/{name}/totp", user_remove_totp, Shape::nothing),
    put("accounts/{name}/secret", account_set_secret, Shape::nothing, kText),
    post("targets/{name}/scan", target_scan, Shape::list, 0),

    get("ca/{which}", ca_show, Shape::list),
    get("node", node_status, Shape::end),
    post("node/master-key", master_key_rotate, Shape::end),
};

}  // namespace

std::span<const Route> routes() {
  return kRoutes;
}

}  // namespace sallyport::broker::web
