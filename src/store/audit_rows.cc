// SPDX-License-Identifier: Apache-2.0
// Statements on the audit log's rows and heads. There is none that changes or removes a row.
#include <algorithm>
#include <cstdint>

#include "store/database.h"
#include "store/store.h"

namespace sallyport::store {

using base::Errc;
using base::fail;
using base::Result;
using base::Status;

namespace {

constexpr const char* kSelect = "SELECT node, seq, time_us, type, actor, session, body, salt, leaf, chain FROM audit";

std::vector<AuditRow> fetch(Query& query, std::size_t max_bytes) {
  AuditRow row;
  long long seq = 0;
  long long time_us = 0;
  query.into(row.node);
  query.into(seq);
  query.into(time_us);
  for (std::string* s : {&row.type, &row.actor, &row.session, &row.body, &row.salt, &row.leaf, &row.chain}) {
    query.into(*s);
  }
  query.run();
  std::vector<AuditRow> out;
  std::size_t bytes = 0;
  while (bytes < max_bytes && query.fetch()) {
    AuditRow& r = out.emplace_back(row);
    r.seq = seq;
    r.time_us = time_us;
    bytes += r.body.size();
  }
  return out;
}

std::vector<AuditHeadRow> fetch_heads(soci::session& sql, const std::string& node, const char* which) {
  Query query(sql, "SELECT seq, time_us, chain, public_key, signature FROM audit_heads");
  query.bind(" WHERE node = ?", node);
  query.text(which);
  AuditHeadRow row;
  long long seq = 0;
  long long time_us = 0;
  query.into(seq);
  query.into(time_us);
  query.into(row.chain);
  query.into(row.public_key);
  query.into(row.signature);
  query.run();
  std::vector<AuditHeadRow> out;
  while (query.fetch()) {
    AuditHeadRow& r = out.emplace_back(row);
    r.seq = seq;
    r.time_us = time_us;
  }
  return out;
}

/// For LOWER(…) LIKE: alone, LIKE tells a from A in one database and not in the other. Both lower ASCII only.
std::string like_pattern(const std::string& text) {
  std::string out = "%";
  for (const char c : text) {
    if (c == '%' || c == '_' || c == '\\') out.push_back('\\');
    out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  }
  return out + "%";
}

std::string named(std::string_view node, const std::string& own) {
  return node.empty() ? own : std::string(node);
}

}  // namespace

Status Store::append_audit(std::span<const AuditRow> rows) {
  for (const AuditRow& r : rows) {
    if (Status good = check_text({r.type, r.actor, r.session, r.body, r.salt, r.leaf, r.chain}); !good) return good;
  }
  const std::string& node = database_->node();
  return database_->write("append audit", Durability::power_loss, [&](soci::session& sql) -> Status {
    for (const AuditRow& r : rows) {
      const long long seq = r.seq;
      const long long time_us = r.time_us;
      sql << "INSERT INTO audit (node, seq, time_us, type, actor, session, body, salt, leaf, chain)"
             " VALUES (:node, :seq, :time, :type, :actor, :session, :body, :salt, :leaf, :chain)",
          soci::use(node), soci::use(seq), soci::use(time_us), soci::use(r.type), soci::use(r.actor),
          soci::use(r.session), soci::use(r.body), soci::use(r.salt), soci::use(r.leaf), soci::use(r.chain);
    }
    return {};
  });
}

Result<AuditRow> Store::last_audit(std::string_view node) {
  return database_->read("last audit", [&](soci::session& sql) -> Result<AuditRow> {
    Query query(sql, kSelect);
    query.bind(" WHERE node = ?", named(node, database_->node()));
    query.text(" ORDER BY seq DESC LIMIT 1");
    std::vector<AuditRow> rows = fetch(query, SIZE_MAX);
    if (rows.empty()) return fail(Errc::not_found, "the audit log is empty");
    return std::move(rows.front());
  });
}

Result<std::vector<AuditRow>> Store::list_audit(const AuditFilter& filter) {
  return database_->read("list audit", [&](soci::session& sql) -> Result<std::vector<AuditRow>> {
    Query query(sql, kSelect);
    query.bind(" WHERE node = ?", named(filter.node, database_->node()));
    query.bind(" AND seq > ?", filter.after_seq);
    if (filter.type.ends_with('.')) {
      // A range, which an index serves.
      std::string after = filter.type;
      after.back() = '.' + 1;
      query.bind(" AND type >= ?", filter.type);
      query.bind(" AND type < ?", after);
    } else if (!filter.type.empty()) {
      query.bind(" AND type = ?", filter.type);
    }
    if (!filter.actor.empty()) query.bind(" AND actor = ?", filter.actor);
    if (!filter.session.empty()) query.bind(" AND session = ?", filter.session);
    if (!filter.text.empty()) query.bind(" AND LOWER(body) LIKE ? ESCAPE '\\'", like_pattern(filter.text));
    if (filter.since_us > 0) query.bind(" AND time_us >= ?", filter.since_us);
    if (filter.until_us > 0) query.bind(" AND time_us < ?", filter.until_us);
    const bool newest = filter.order == AuditFilter::Order::newest_first;
    query.bind(newest ? " ORDER BY seq DESC LIMIT ?" : " ORDER BY seq LIMIT ?", filter.limit);
    return fetch(query, filter.max_bytes);
  });
}

Result<std::vector<std::string>> Store::list_audit_nodes() {
  return database_->read("list audit nodes", [&](soci::session& sql) -> Result<std::vector<std::string>> {
    std::vector<std::string> out;
    // Each by a step in the index: the log may be long, and the nodes are few.
    for (std::string last;;) {
      std::string next;
      Query query(sql, "SELECT node FROM audit");
      query.bind(" WHERE node > ?", last);
      query.text(" ORDER BY node LIMIT 1");
      query.into(next);
      query.run();
      if (!query.fetch()) return out;
      last = next;
      out.push_back(std::move(next));
    }
  });
}

Status Store::append_audit_head(const AuditHeadRow& row) {
  if (Status good = check_text({row.chain, row.public_key, row.signature}); !good) return good;
  const long long seq = row.seq;
  const long long time_us = row.time_us;
  const std::string& node = database_->node();
  return database_->write("append audit head", Durability::power_loss, [&](soci::session& sql) -> Status {
    sql << "INSERT INTO audit_heads (node, seq, time_us, chain, public_key, signature)"
           " VALUES (:node, :seq, :time, :chain, :key, :signature)",
        soci::use(node), soci::use(seq), soci::use(time_us), soci::use(row.chain), soci::use(row.public_key),
        soci::use(row.signature);
    return {};
  });
}

Result<std::vector<AuditHeadRow>> Store::list_audit_heads(std::string_view node) {
  return database_->read("list audit heads", [&](soci::session& sql) -> Result<std::vector<AuditHeadRow>> {
    return fetch_heads(sql, named(node, database_->node()), " ORDER BY seq");
  });
}

Result<AuditHeadRow> Store::last_audit_head() {
  return database_->read("last audit head", [&](soci::session& sql) -> Result<AuditHeadRow> {
    std::vector<AuditHeadRow> rows = fetch_heads(sql, database_->node(), " ORDER BY seq DESC LIMIT 1");
    if (rows.empty()) return fail(Errc::not_found, "the audit log has no head yet");
    return std::move(rows.front());
  });
}

}  // namespace sallyport::store
