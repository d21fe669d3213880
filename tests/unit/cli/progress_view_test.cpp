#include "cli/progress_view.hpp"

#include <doctest/doctest.h>

#include "cli/display_width.hpp"
#include "cli/progress_output.hpp"

using namespace ociferry;
using namespace std::chrono_literals;

namespace {

const ProgressView::Time kBegin{std::chrono::hours(1)};

/// A megabyte a second of ten, for four seconds.
ProgressView halfway() {
  ProgressView view;
  view.begin("exporting 2 images", 10'000'000, kBegin);
  for (int second = 1; second <= 4; ++second) {
    view.advance(1'000'000);
    view.sample(kBegin + std::chrono::seconds(second));
  }
  return view;
}

/// What is said in one form.
struct Said {
  explicit Said(ProgressForm form) : output(form, -1, [this](std::string_view piece) { text += piece; }) {}
  std::string text;
  ProgressOutput output;
};

}  // namespace

TEST_CASE("progress has percent, bytes, bytes a second and the remaining time") {
  CHECK(halfway().text(kBegin + 4s) == "exporting 2 images: 40% (4.0 MB of 10.0 MB), 1.0 MB/s, 6 s left");
  ProgressView view;
  view.begin("looking for images", 0, kBegin);
  CHECK(view.text(kBegin + 9s) == "looking for images");
}

TEST_CASE("existing bytes count for the percentage, not for rate and remaining time") {
  ProgressView view;
  view.begin("exporting", 100'000'000, kBegin);
  view.skip(90'000'000);
  view.sample(kBegin + 1s);
  CHECK(view.text(kBegin + 1s) == "exporting: 90% (90.0 MB of 100.0 MB), 0 B/s");
  view.advance(1'000'000);
  CHECK(view.text(kBegin + 2s) == "exporting: 91% (91.0 MB of 100.0 MB), 500.0 kB/s, 18 s left");
  view.skip(-90'000'000);
  CHECK(view.text(kBegin + 2s) == "exporting: 1% (1.0 MB of 100.0 MB), 500.0 kB/s, 3 min 18 s left");
}

TEST_CASE("the rate is measured over the last seconds") {
  ProgressView view = halfway();
  for (int second = 5; second <= 30; ++second) view.sample(kBegin + std::chrono::seconds(second));
  CHECK(view.text(kBegin + 30s) == "exporting 2 images: 40% (4.0 MB of 10.0 MB), 0 B/s");
}

TEST_CASE("a line fits into any terminal, and begins with the progress") {
  const ProgressView view = halfway();
  for (std::size_t columns = 0; columns < 90; ++columns) {
    CHECK(display_width(view.text(kBegin + 4s, columns)) <= columns);
  }
  CHECK(view.text(kBegin + 4s, 50) == "exporting 2 images: 40%, 1.0 MB/s, 6 s left");
  CHECK(view.text(kBegin + 4s, 30) == "exporting 2 images: 40%");
  CHECK(view.text(kBegin + 4s, 18) == "exporting 2..: 40%");
  CHECK(view.text(kBegin + 4s, 7) == "40%");
  ProgressView foreign;
  foreign.begin("写入 写入 写入", 100, kBegin);
  foreign.advance(50);
  CHECK(foreign.text(kBegin, 12) == "写入 ..: 50%");
}

TEST_CASE("wide characters take two columns, combining marks none") {
  CHECK(display_width("abc") == 3);
  CHECK(display_width("é") == 1);
  CHECK(display_width("e\xCC\x81") == 1);  // e and a combining acute accent
  CHECK(display_width("写入") == 4);
  CHECK(display_width("🚢") == 2);
  CHECK(cut_to_width("写入", 3) == "..");
  CHECK(cut_to_width("写入", 4) == "写入");
  CHECK(cut_to_width("abc", 1) == ".");
}

TEST_CASE("pauses are reported with their cause and remaining time") {
  ProgressView view = halfway();
  CHECK(view.wait({.peer = "https://reg.example", .reason = "429", .requested = true, .time = 12s}, kBegin + 4s));
  CHECK(view.text(kBegin + 5s) == "exporting 2 images: 40% (4.0 MB of 10.0 MB), reg.example asks to wait 11 s");
  CHECK(view.text(kBegin + 5s, 40) == "40%, reg.example asks to wait 11 s");
  CHECK(view.text(kBegin + 17s).find("wait") == std::string::npos);
  // The same pause of another request is no news; nor is a short one.
  CHECK_FALSE(view.wait({.peer = "reg", .reason = "429", .requested = true, .time = 11s}, kBegin + 5s));
  CHECK(view.wait({.peer = "reg", .reason = "429", .requested = true, .time = 60s}, kBegin + 5s));
  CHECK_FALSE(view.wait({.peer = "reg", .reason = "500", .time = 500ms}, kBegin + 70s));
  CHECK(view.wait_text(kBegin + 70s) == "reg failed, trying again in 1 s");
}

TEST_CASE("a log gets a line after a second, every ten seconds, and for a long pause") {
  Said said(ProgressForm::Lines);
  said.output.phase("copying", 1000, kBegin);
  for (auto time = 0ms; time <= 22s; time += 200ms) said.output.tick(kBegin + time);
  CHECK(said.text ==
        "copying: 0% (0 B of 1.0 kB), 0 B/s\ncopying: 0% (0 B of 1.0 kB), 0 B/s\n"
        "copying: 0% (0 B of 1.0 kB), 0 B/s\n");
  said.text.clear();
  said.output.wait({.peer = "https://reg", .reason = "HEAD \x1b answered 429", .requested = true, .time = 12s},
                   kBegin + 23s);
  CHECK(said.text == "reg asks to wait 12 s (HEAD \\u{1b} answered 429)\n");
  said.text.clear();
  said.output.finish(kBegin + 50s);
  said.output.tick(kBegin + 60s);
  CHECK(said.text.empty());
}

TEST_CASE("without a phase a pause has a terminal line of its own while it lasts") {
  Said said(ProgressForm::Live);
  said.output.wait({.peer = "https://reg", .reason = "503", .requested = true, .time = 3s}, kBegin);
  said.output.tick(kBegin + 1s);
  CHECK(said.text == "\r\x1b[Kreg asks to wait 2 s");
  said.text.clear();
  said.output.tick(kBegin + 4s);
  CHECK(said.text == "\r\x1b[K");
}

TEST_CASE("as JSON every phase has events at its start, every second, and at its end") {
  Said said(ProgressForm::Json);
  said.output.phase("copying", 1000, kBegin);
  CHECK(said.text ==
        R"({"version":1,"event":"progress","phase":"copying","totalBytes":1000,"doneBytes":0,"movedBytes":0,)"
        R"("bytesPerSecond":0})"
        "\n");
  said.text.clear();
  said.output.advance(200);
  said.output.skip(300);
  said.output.tick(kBegin + 500ms);
  CHECK(said.text.empty());
  said.output.tick(kBegin + 1s);
  CHECK(said.text ==
        R"({"version":1,"event":"progress","phase":"copying","totalBytes":1000,"doneBytes":500,"movedBytes":200,)"
        R"("bytesPerSecond":200,"secondsLeft":2})"
        "\n");
  said.text.clear();
  said.output.phase("looking", 0, kBegin + 2s);
  CHECK(said.text.ends_with("}\n{\"version\":1,\"event\":\"progress\",\"phase\":\"looking\"}\n"));
  said.text.clear();
  said.output.wait({.peer = "https://reg", .reason = "why", .requested = true, .time = 12s}, kBegin + 2s);
  CHECK(said.text ==
        R"({"version":1,"event":"wait","peer":"https://reg","requested":true,"milliseconds":12000,"reason":"why"})"
        "\n");
}
