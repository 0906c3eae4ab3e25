// SPDX-License-Identifier: Apache-2.0
// yaml-cpp's event stream made into a tree. Trusted side; the library's own node graph is never built, so an alias
// cannot multiply and a duplicate key cannot win silently.
#include "config/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <sstream>
#include <stdexcept>

#include "base/escape.h"

namespace sallyport::config {
namespace {

// Thrown through the library by the handler and caught in parse_yaml: the handler interface has no other way to stop.
struct Refused : std::runtime_error {
  Refused(int at, const std::string& what) : std::runtime_error(what), line(at) {}
  int line;
};

bool parse_integer(const std::string& s, std::int64_t& out) {
  const char* begin = s.data();
  const char* end = begin + s.size();
  int base = 10;
  if (s.size() > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'o')) {
    base = s[1] == 'x' ? 16 : 8;
    begin += 2;
    if (*begin == '-') return false;
  } else if (*begin == '+') {
    ++begin;
    if (begin != end && *begin == '-') return false;
  }
  const auto [rest, error] = std::from_chars(begin, end, out, base);
  return error == std::errc{} && rest == end;
}

bool looks_numeric(const std::string& s) {
  return !s.empty() && s.find_first_not_of("0123456789+-.eE") == std::string::npos &&
         s.find_first_of("0123456789") != std::string::npos;
}

bool parse_real(const std::string& s, double& out) {
  if (!looks_numeric(s)) return false;
  const char* begin = s.data() + (s[0] == '+' ? 1 : 0);
  const auto [rest, error] = std::from_chars(begin, s.data() + s.size(), out);
  return error == std::errc{} && rest == s.data() + s.size() && std::isfinite(out);
}

// YAML 1.2 §10.3.2, without the infinities: nothing here has a use for them.
void type_plain_scalar(YamlNode& node) {
  const std::string& s = node.text;
  if (s.empty() || s == "~" || s == "null" || s == "Null" || s == "NULL") {
    node.kind = YamlKind::null;
  } else if (s == "true" || s == "True" || s == "TRUE" || s == "false" || s == "False" || s == "FALSE") {
    node.kind = YamlKind::boolean;
    node.boolean = s[0] == 't' || s[0] == 'T';
  } else if (parse_integer(s, node.integer)) {
    node.kind = YamlKind::integer;
  } else if (parse_real(s, node.real)) {
    node.kind = YamlKind::real;
  } else {
    node.kind = YamlKind::text;
  }
}

class TreeBuilder final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_anchor(mark, anchor);
    YamlNode node;
    node.line = mark.line + 1;
    add(std::move(node));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw Refused(mark.line + 1, "aliases (*name) are not taken: write the value out");
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_anchor(mark, anchor);
    YamlNode node;
    node.kind = YamlKind::text;
    node.line = mark.line + 1;
    node.text = value;
    if (!base::is_utf8(value)) throw Refused(node.line, "text is not UTF-8");
    if (value.find('\0') != std::string::npos) throw Refused(node.line, "text holds a NUL character");
    if (tag == "?") {
      type_plain_scalar(node);
    } else if (tag != "!" && !tag.empty()) {
      throw Refused(node.line, "tags (!name) are not taken");
    }
    add(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    begin(mark, tag, anchor, YamlKind::list);
  }
  void OnSequenceEnd() override { end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    begin(mark, tag, anchor, YamlKind::map);
  }
  void OnMapEnd() override { end(); }
  void OnAnchor(const YAML::Mark& mark, const std::string&) override { refuse_anchor(mark, 1); }

  bool has_root() const { return has_root_; }
  YamlNode take_root() {
    has_root_ = false;
    return std::move(root_);
  }

 private:
  // An open list or map; for a map whether a key has been read and its value is next.
  struct Open {
    YamlNode node;
    bool have_key = false;
  };

  static void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != 0)
      throw Refused(mark.line + 1, "anchors (&name) are not taken: write the value out where it is used");
  }

  void begin(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YamlKind kind) {
    refuse_anchor(mark, anchor);
    if (tag != "?" && !tag.empty()) throw Refused(mark.line + 1, "tags (!name) are not taken");
    if (open_.size() >= static_cast<std::size_t>(kYamlMaxDepth)) {
      throw Refused(mark.line + 1, "nested deeper than " + std::to_string(kYamlMaxDepth) + " levels");
    }
    if (!open_.empty() && open_.back().node.kind == YamlKind::map && !open_.back().have_key) {
      throw Refused(mark.line + 1, "a key must be a plain word");
    }
    count(mark.line + 1);
    Open open;
    open.node.kind = kind;
    open.node.line = mark.line + 1;
    open_.push_back(std::move(open));
  }

  void end() {
    YamlNode node = std::move(open_.back().node);
    open_.pop_back();
    place(std::move(node));
  }

  void add(YamlNode node) {
    count(node.line);
    if (!open_.empty() && open_.back().node.kind == YamlKind::map && !open_.back().have_key) {
      take_key(node);
      return;
    }
    place(std::move(node));
  }

  void take_key(const YamlNode& node) {
    YamlNode& map = open_.back().node;
    if (node.text.empty()) throw Refused(node.line, "a key is empty");
    if (!seen_key(map, node.text)) {
      map.keys.push_back(node.text);
      open_.back().have_key = true;
      return;
    }
    throw Refused(node.line, "the key \"" + base::escape_for_terminal(node.text, 64) + "\" stands twice");
  }

  static bool seen_key(const YamlNode& map, const std::string& key) {
    return std::find(map.keys.begin(), map.keys.end(), key) != map.keys.end();
  }

  void place(YamlNode node) {
    if (open_.empty()) {
      root_ = std::move(node);
      has_root_ = true;
      return;
    }
    open_.back().have_key = false;
    open_.back().node.children.push_back(std::move(node));
    const YamlNode& parent = open_.back().node;
    // Keys are compared one by one: the bound keeps that cheap, and no resource comes near it.
    if (parent.kind == YamlKind::map && parent.children.size() > 4096) {
      throw Refused(parent.line, "a map with more than 4096 keys");
    }
  }

  void count(int line) {
    if (++nodes_ > kYamlMaxNodes) throw Refused(line, "more than " + std::to_string(kYamlMaxNodes) + " values");
  }

  std::vector<Open> open_;
  YamlNode root_;
  bool has_root_ = false;
  std::size_t nodes_ = 0;
};

// The library recurses on nested brackets and its own bound is far above ours; flow style is cut here before it starts.
base::Status check_flow_depth(std::string_view text, const std::string& name) {
  int depth = 0;
  for (const char c : text) {
    if (c == '[' || c == '{') ++depth;
    if ((c == ']' || c == '}') && depth > 0) --depth;
    if (depth > 2000) return base::fail(base::Errc::invalid, name + ": too many open brackets");
  }
  return {};
}

std::string at(const std::string& name, int line, const std::string& what) {
  return name + ":" + std::to_string(line) + ": " + what;
}

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
  for (std::size_t i = 0; i < keys.size() && i < children.size(); ++i) {
    if (keys[i] == key) return &children[i];
  }
  return nullptr;
}

base::Result<std::vector<YamlNode>> parse_yaml(std::string_view text, const std::string& name) {
  if (text.size() > kYamlMaxBytes) {
    return base::fail(base::Errc::full, name + ": longer than " + std::to_string(kYamlMaxBytes / 1048576) + " MiB");
  }
  if (!base::is_utf8(text)) return base::fail(base::Errc::invalid, name + ": not UTF-8 text");
  if (text.find('\0') != std::string_view::npos) return base::fail(base::Errc::invalid, name + ": holds a NUL byte");
  if (auto depth = check_flow_depth(text, name); !depth) return base::pass(depth);
  std::vector<YamlNode> documents;
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    TreeBuilder builder;
    while (parser.HandleNextDocument(builder)) {
      if (!builder.has_root()) continue;
      YamlNode root = builder.take_root();
      if (root.kind != YamlKind::null) documents.push_back(std::move(root));
    }
  } catch (const Refused& e) {
    return base::fail(base::Errc::invalid, at(name, e.line, e.what()));
  } catch (const YAML::Exception& e) {
    return base::fail(base::Errc::invalid, at(name, e.mark.is_null() ? 1 : e.mark.line + 1, e.msg));
  } catch (const std::exception& e) {
    return base::fail(base::Errc::invalid, name + ": " + e.what());
  }
  return documents;
}

const char* describe(YamlKind kind) {
  switch (kind) {
    case YamlKind::null:
      return "nothing";
    case YamlKind::boolean:
      return "true or false";
    case YamlKind::integer:
      return "a whole number";
    case YamlKind::real:
      return "a number";
    case YamlKind::text:
      return "text";
    case YamlKind::list:
      return "a list";
    case YamlKind::map:
      return "a map";
  }
  return "something else";
}

}  // namespace sallyport::config
