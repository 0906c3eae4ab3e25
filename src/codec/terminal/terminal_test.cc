// SPDX-License-Identifier: Apache-2.0
// The screen model: what it shows, that its keyframe shows the same and goes on the same, however the bytes are cut.
#include "codec/terminal/terminal.h"

#include <chrono>
#include <fstream>
#include <random>

#include <gtest/gtest.h>

namespace sallyport::codec::terminal {
namespace {

std::string load(const std::string& name) {
  std::ifstream in(std::string(SALLYPORT_TEST_DATA) + "/terminal/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

Terminal shown(std::string_view bytes, Size size = {5, 20}) {
  Terminal t(size);
  t.feed(base::view(bytes));
  return t;
}

/// What differs, or an empty string.
std::string difference(const Terminal& a, const Terminal& b) {
  for (int r = 0; r < a.size().rows; ++r) {
    for (int c = 0; c < a.size().columns; ++c) {
      if (!(a.cell(r, c) == b.cell(r, c))) {
        return "cell " + std::to_string(r) + "," + std::to_string(c) + ": '" + a.cell(r, c).text + "' and '" +
               b.cell(r, c).text + "'";
      }
    }
  }
  if (!(a.cursor() == b.cursor())) {
    return "cursor " + std::to_string(a.cursor().row) + "," + std::to_string(a.cursor().column) + " and " +
           std::to_string(b.cursor().row) + "," + std::to_string(b.cursor().column);
  }
  if (!(a.modes() == b.modes())) return "modes";
  return "";
}

Terminal from_keyframe(const Terminal& t) {
  Terminal copy(t.size());
  copy.feed(base::view(t.keyframe()));
  return copy;
}

TEST(Terminal, ShowsText) {
  const Terminal t = shown("hello\r\nworld");
  EXPECT_EQ(t.rendered_text()[0], "hello");
  EXPECT_EQ(t.rendered_text()[1], "world");
  EXPECT_EQ(t.cursor().row, 1);
  EXPECT_EQ(t.cursor().column, 5);
}

TEST(Terminal, KeepsColoursAndAttributes) {
  const Terminal t = shown("\x1b[1;3;4;38;2;10;20;30;48;5;200mX\x1b[0;31;7;9mY\x1b[4:3;95mZ\x1b[0m ");
  const Style x = t.cell(0, 0).style;
  EXPECT_TRUE(x.bold && x.italic && x.underline == Underline::single);
  EXPECT_EQ(x.foreground, (Color{Color::Kind::rgb, 10, 20, 30}));
  EXPECT_EQ(x.background, (Color{Color::Kind::indexed, 200, 0, 0}));
  EXPECT_TRUE(t.cell(0, 1).style.reverse && t.cell(0, 1).style.strike);
  EXPECT_EQ(t.cell(0, 1).style.foreground, (Color{Color::Kind::indexed, 1, 0, 0}));
  EXPECT_EQ(t.cell(0, 2).style.underline, Underline::curly);
  EXPECT_EQ(t.cell(0, 2).style.foreground, (Color{Color::Kind::indexed, 13, 0, 0}));
  EXPECT_EQ(t.cell(0, 3).style, Style{});
}

TEST(Terminal, WideAndCombiningCharacters) {
  const Terminal t = shown("漢e\xcc\x81x");
  EXPECT_EQ(t.cell(0, 0).text, "漢");
  EXPECT_EQ(t.cell(0, 0).width, 2);
  EXPECT_EQ(t.cell(0, 1).width, 0);
  EXPECT_EQ(t.cell(0, 2).text, "e\xcc\x81");
  EXPECT_EQ(t.cell(0, 3).text, "x");
  // Overwriting one half blanks the other.
  const Terminal half = shown("漢\x1b[1;2Hx");
  EXPECT_EQ(half.cell(0, 0).text, "");
  EXPECT_EQ(half.cell(0, 1).text, "x");
  // At the last column a combining character still joins.
  const Terminal edge = shown("\x1b[1;20He\xcc\x81");
  EXPECT_EQ(edge.cell(0, 19).text, "e\xcc\x81");
  EXPECT_EQ(edge.cursor().row, 0);
}

TEST(Terminal, InvalidUtf8IsReplacedNotBelieved) {
  EXPECT_EQ(shown("a\xff\xc3z\xed\xa0\x80").rendered_text()[0], "a\xEF\xBF\xBD\xEF\xBF\xBDz\xEF\xBF\xBD");
  EXPECT_EQ(shown("a\xc2\x9b"
                  "31mz")
                .rendered_text()[0],
            "a31mz");  // a C1 control in UTF-8 is no control
}

TEST(Terminal, AlternateScreenComesAndGoes) {
  Terminal t = shown("shell\x1b[?1049h\x1b[2J\x1b[Hvim");
  EXPECT_EQ(t.rendered_text()[0], "vim");
  EXPECT_TRUE(t.modes().alternate_screen);
  t.feed(base::view("\x1b[?1049l"));
  EXPECT_EQ(t.rendered_text()[0], "shell");
  EXPECT_EQ(t.cursor().column, 5);
}

TEST(Terminal, SeveralModesInOneSequence) {
  const Terminal t = shown("\x1b[?1;12;25;1000;2004h");
  EXPECT_TRUE(t.modes().application_cursor_keys && t.modes().bracketed_paste);
  EXPECT_EQ(t.modes().mouse, MouseReports::clicks);
  EXPECT_FALSE(shown("\x1b[?12;25l").cursor().visible);
}

TEST(Terminal, ScrollbackIsBoundedText) {
  Terminal t({3, 10}, 200);
  for (int i = 0; i < 500; ++i) t.feed(base::view("line " + std::to_string(i) + "\r\n"));
  const auto lines = t.scrollback();
  ASSERT_FALSE(lines.empty());
  EXPECT_EQ(lines.back(), "line 497");
  EXPECT_LE(lines.size(), 30U);
  EXPECT_EQ(t.rendered_text()[0], "line 498");
}

TEST(Terminal, RepeatEndsForEveryCharacter) {
  EXPECT_EQ(shown("ab\x1b[5b").rendered_text()[0], "abbbbbb");
  EXPECT_EQ(shown("\xe2\x80\x8b\x1b[9999b!").rendered_text()[0], "!");
  EXPECT_EQ(shown("\x1b[999999999999b!").rendered_text()[0], "!");
}

TEST(Terminal, LineDrawing) {
  EXPECT_EQ(shown("\x1b(0lqk\x1b(Bq").rendered_text()[0], "┌─┐q");
  EXPECT_EQ(from_keyframe(shown("\x1b(0lqk")).rendered_text()[0], "┌─┐");
}

TEST(Terminal, ResizeKeepsTheCursorsLine) {
  Terminal t({10, 20});
  for (int i = 0; i < 10; ++i) t.feed(base::view((i ? "\r\nrow " : "row ") + std::to_string(i)));
  t.resize({4, 5});
  EXPECT_EQ(t.size(), (Size{4, 5}));
  EXPECT_EQ(t.rendered_text()[3], "row 9");
  EXPECT_EQ(t.scrollback().size(), 6U);
  t.resize({8, 30});
  EXPECT_EQ(t.rendered_text()[3], "row 9");
  t.resize({100000, 100000});
  EXPECT_EQ(t.size(), kMaxSize);
  t.resize({-1, 0});
  EXPECT_EQ(t.size(), (Size{1, 1}));
}

TEST(Terminal, ASavedCursorOutsideAfterShrinkingIsHarmless) {
  Terminal t({50, 100});
  t.feed(
      base::view("\x1b[10;40r\x1b[50;100H\x1b"
                 "7"));
  t.resize({3, 4});
  t.feed(
      base::view("\x1b"
                 "8x\x1b[5Lx\x1bMx\x1b[3Mx\n\n\n\x1b[6Ty"));
  EXPECT_LT(t.cursor().row, 3);
}

/// Escape soup: anything, but mostly what means something.
class Soup {
 public:
  explicit Soup(unsigned seed) : random_(seed) {}
  std::string make(int units) {
    std::string out;
    for (int i = 0; i < units; ++i) out += unit();
    return out;
  }
  int pick(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }

 private:
  std::string number() { return pick(4) == 0 ? "" : std::to_string(pick(30)); }
  std::string unit() {
    static const char* const kText[] = {"a",     "Hello", "漢字", "é",     "e\xcc\x81", "─",  "😀",       " ",
                                        "word ", "\xff",  "\xe6", "xyzzy", "qqq",       "\t", "\xcc\x81"};
    static const char* const kEscapes[] = {"7",  "8",  "M",  "D", "E", "H",  "=", ">",
                                           "(0", "(B", ")0", "n", "o", "#8", "c"};
    static const int kModes[] = {1, 5, 6, 7, 12, 25, 47, 69, 1000, 1002, 1003, 1004, 1006, 1047, 1048, 1049, 2004};
    switch (pick(12)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return kText[pick(15)];
      case 4:
        return std::string(1, "\n\r\b\t\x0e\x0f\x0b\n\r"[pick(9)]);
      case 5: {
        const int e = pick(60);
        return "\x1b" + std::string(kEscapes[e < 14 ? e : e == 59 ? 14 : e % 7]);
      }
      case 6:
        return "\x1b[?" + std::to_string(kModes[pick(17)]) + (pick(2) ? "h" : "l");
      case 7:
        return "\x1b[" + number() + ";" + number() + "mrsHfr"[pick(6)];
      case 8: {
        std::string s = "\x1b[";
        const int n = pick(4);
        for (int i = 0; i < n; ++i) s += std::to_string(pick(110)) + ";";
        return s + std::to_string(pick(10)) + "m";
      }
      case 9:
        return "\x1b[38;2;" + std::to_string(pick(256)) + ";1;2m\x1b[48;5;" + std::to_string(pick(256)) + "m";
      case 10:
        return std::string("\x1b[") + (pick(5) ? "4" : "20") + (pick(2) ? "h" : "l");
      default: {
        static const std::string_view finals = "@ABCDEFGHIJKLMPSTXZ`abdefgjkcnqtu";
        return "\x1b[" + number() + finals[static_cast<std::size_t>(pick(static_cast<int>(finals.size())))];
      }
    }
  }
  std::mt19937 random_;
};

TEST(Terminal, AKeyframeShowsTheSameAndGoesOnTheSame) {
  for (unsigned seed = 0; seed < 1500; ++seed) {
    Soup soup(seed);
    const Size size{1 + soup.pick(12), 1 + soup.pick(30)};
    Terminal original(size);
    std::string bytes = soup.make(5 + soup.pick(120));
    // Cut anywhere: the keyframe carries on inside a sequence.
    const std::string rest = soup.make(60);
    const std::size_t cut = static_cast<std::size_t>(soup.pick(static_cast<int>(bytes.size() + 1)));
    original.feed(base::view(bytes.substr(0, cut)));
    Terminal copy = from_keyframe(original);
    ASSERT_EQ(difference(original, copy), "")
        << "seed " << seed << " after " << ::testing::PrintToString(bytes.substr(0, cut));
    const std::string after = bytes.substr(cut) + rest;
    for (std::size_t i = 0; i < after.size(); ++i) {
      const bool look = i < 20 || i % 16 == 0;
      original.feed(base::view(after.substr(i, 1)));
      copy.feed(base::view(after.substr(i, 1)));
      ASSERT_EQ(look ? difference(original, copy) : "", "")
          << "seed " << seed << " going on, byte " << i << " behind " << ::testing::PrintToString(bytes.substr(0, cut))
          << "\nthen " << ::testing::PrintToString(after.substr(0, i + 1)) << "\non " << size.rows << "x"
          << size.columns;
    }
  }
}

TEST(Terminal, HowTheBytesAreCutMakesNoDifference) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    Soup soup(seed + 100000);
    const Size size{1 + soup.pick(12), 1 + soup.pick(30)};
    const std::string bytes = soup.make(200);
    Terminal whole(size), pieces(size);
    whole.feed(base::view(bytes));
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t n = static_cast<std::size_t>(1 + soup.pick(7));
      pieces.feed(base::view(std::string_view(bytes).substr(at, n)));
      at += n;
    }
    ASSERT_EQ(difference(whole, pieces), "") << "seed " << seed;
  }
}

TEST(Terminal, KeyframesSurviveResizing) {
  for (unsigned seed = 0; seed < 500; ++seed) {
    Soup soup(seed + 200000);
    Terminal t({1 + soup.pick(12), 1 + soup.pick(30)});
    for (int i = 0; i < 5; ++i) {
      t.feed(base::view(soup.make(40)));
      t.resize({1 + soup.pick(15), 1 + soup.pick(40)});
      ASSERT_EQ(difference(t, from_keyframe(t)), "") << "seed " << seed;
    }
  }
}

TEST(Terminal, RealProgramsScreensComeBack) {
  for (const char* name : {"vim.ansi", "htop.ansi"}) {
    const std::string bytes = load(name);
    ASSERT_GT(bytes.size(), 1000U) << name;
    Terminal t({24, 80});
    for (std::size_t at = 0; at < bytes.size(); at += 97) {
      t.feed(base::view(std::string_view(bytes).substr(at, 97)));
      ASSERT_EQ(difference(t, from_keyframe(t)), "") << name << " at " << at;
    }
  }
  const std::string vim = load("vim.ansi");
  Terminal t({24, 80});
  t.feed(base::view(vim));
  std::string all;
  for (const std::string& line : t.rendered_text()) all += line + "\n";
  EXPECT_NE(all.find("grüße 漢字 done"), std::string::npos) << all;
}

TEST(Size, AZeroIsTheUsualSizeAtFirstAndNoChangeLater) {
  EXPECT_EQ(announced_size(100, 40), (Size{40, 100}));
  EXPECT_EQ(announced_size(0, 0), (Size{24, 80}));
  EXPECT_EQ(announced_size(132, 0), (Size{24, 132}));
  EXPECT_EQ(announced_size(4'000'000'000U, 4'000'000'000U), kMaxSize);
  EXPECT_EQ(changed_size(0, 40), std::nullopt);
  EXPECT_EQ(changed_size(100, 0), std::nullopt);
  EXPECT_EQ(changed_size(1, 1), (Size{1, 1}));
  EXPECT_EQ(changed_size(100, 4'000'000'000U), (Size{500, 100}));
}

TEST(Terminal, IsFastEnough) {
  std::string bytes;
  for (int i = 0; i < 40000; ++i) bytes += "a short line of output, number " + std::to_string(i) + "\r\n";
  Terminal t({24, 80});
  const auto start = std::chrono::steady_clock::now();
  t.feed(base::view(bytes));
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  printf("%.1f MB/s of short lines\n", static_cast<double>(bytes.size()) / seconds / 1e6);
  EXPECT_LT(seconds, 10);  // a bound for any machine and sanitizer; the number itself is in the log
}

}  // namespace
}  // namespace sallyport::codec::terminal
