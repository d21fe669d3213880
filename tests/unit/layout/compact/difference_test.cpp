#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "layout/compact/difference.hpp"
#include "support/seed.hpp"
#include "support/temp.hpp"

using namespace ociferry;
using namespace ociferry::testing;
using namespace ociferry::compact;

namespace {

/// What a reader makes of `steps`, and how many bytes must travel for it that are not 0.
struct Made {
  std::string content;
  std::size_t fresh = 0;
};

Made make(const std::string& before, const std::string& now, const std::vector<Step>& steps) {
  Made made;
  for (const Step& step : steps) {
    for (std::size_t i = 0; i < step.bytes; ++i) {
      const char wanted = now.at(made.content.size());
      if (step.kind == Step::Kind::New) {
        made.content += wanted;
        ++made.fresh;
        continue;
      }
      const char there = before.at(static_cast<std::size_t>(step.from) + i);
      if (step.kind == Step::Kind::Differ) {
        made.fresh += there == wanted ? 0 : 1;
        made.content += wanted;
      } else {
        made.content += there;
      }
    }
  }
  return made;
}

Made difference_of(const std::string& before, const std::string& now) {
  const Made made = make(before, now, difference(as_bytes(before), as_bytes(now)));
  CHECK(made.content == now);
  return made;
}

}  // namespace

TEST_CASE("equal contents give one step and no new bytes") {
  const std::string content = random_bytes(5000, 1);
  const std::vector<Step> steps = difference(as_bytes(content), as_bytes(content));
  CHECK(steps == std::vector<Step>{{.kind = Step::Kind::Copy, .bytes = 5000, .from = 0}});
}

TEST_CASE("empty, short and unrelated contents round-trip") {
  CHECK(difference({}, {}).empty());
  CHECK(difference_of("", "abc").fresh == 3);
  CHECK(difference_of("abc", "").content.empty());
  CHECK(difference_of("abc", "abd").content == "abd");
  CHECK(difference_of(random_bytes(3000, 1), random_bytes(3000, 2)).fresh > 2900);
}

TEST_CASE("moved, inserted and removed parts are found") {
  const std::string a = random_bytes(4000, 1);
  const std::string b = random_bytes(4000, 2);
  CHECK(difference_of(a + b, b + a).fresh == 0);
  CHECK(difference_of(a + b, a + "some new bytes" + b).fresh <= 14);
  CHECK(difference_of(a + b + a, a + a).fresh == 0);
  CHECK(difference_of(a, a + a + a).fresh == 0);
}

TEST_CASE("single bytes that change everywhere, as addresses do, are stored as differences") {
  const std::string before = random_bytes(20'000, 3);
  std::string now = before.substr(0, 7000) + "inserted" + before.substr(7000);
  for (std::size_t i = 0; i < now.size(); i += 23) now[i] = static_cast<char>(now[i] + 4);
  CHECK(difference_of(before, now).fresh < now.size() / 15);
}

TEST_CASE("repetitions and zeros round-trip") {
  const std::string zeros(100'000, '\0');
  CHECK(difference_of(zeros, zeros + "x" + zeros).fresh <= 1);
  std::string pattern;
  for (int i = 0; i < 9000; ++i) pattern += "0123456789abcde";
  CHECK(difference_of(pattern, pattern.substr(7) + pattern.substr(0, 40'000)).fresh < 100);
}

TEST_CASE("random edits round-trip") {
  const std::uint64_t seed = seed_of_run();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 300; ++round) {
    const std::string before = random_bytes(random() % 5000, random());
    std::string now = before;
    for (std::uint64_t edits = random() % 12; edits > 0; --edits) {
      const std::size_t at = now.empty() ? 0 : random() % now.size();
      const std::size_t count = random() % 200;
      switch (random() % 4) {
        case 0: now.insert(at, random_bytes(count, random())); break;
        case 1: now.erase(at, count); break;
        case 2: now.insert(at, now.substr(now.empty() ? 0 : random() % now.size(), count)); break;
        default:
          for (std::size_t i = at; i < std::min(now.size(), at + count); i += 1 + random() % 9) now[i] ^= 0x21;
      }
    }
    static_cast<void>(difference_of(before, now));
  }
}
