#include "floor_job.hpp"

#include <fcntl.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <sstream>

namespace {

std::vector<std::vector<Blob>> read_list(const std::string& path) {
  std::ifstream in(path);
  std::vector<std::vector<Blob>> steps(1);
  for (std::string line; std::getline(in, line);) {
    if (line == "then") {
      steps.emplace_back();
      continue;
    }
    Blob blob;
    std::istringstream words(line);
    if (!(words >> blob.repository >> blob.digest >> blob.size >> blob.offset)) die("no blob: " + line);
    std::string more;
    words >> blob.manifest_type >> more;
    blob.is_read_back = more == "back";
    steps.back().push_back(blob);
  }
  if (steps.front().empty()) die("no blobs in " + path);
  // Big ones first, so that the tail is short.
  for (auto& step : steps) std::ranges::sort(step, std::ranges::greater{}, &Blob::size);
  return steps;
}

void open_file(Job& job, const std::string& path) {
  const bool writing = job.mode == Mode::get;
  job.file = check(::open(path.c_str(), (writing ? O_RDWR | O_CREAT : O_RDONLY) | O_CLOEXEC, 0644), path.c_str());
  if (!writing) return;
  std::int64_t end = 0;
  for (const auto& step : job.steps) {
    for (const Blob& blob : step) end = std::max(end, blob.offset + blob.size);
  }
  if (::posix_fallocate(job.file, 0, end) != 0) die("no room for " + path);
}

// The options by name; those that stand for yes or no have an empty value. What is no option goes to `plain`.
std::map<std::string, std::string> split(const std::vector<std::string>& words, std::vector<std::string>& plain) {
  std::map<std::string, std::string> options;
  for (auto word = words.begin(); word != words.end(); ++word) {
    if (word->rfind("--", 0) != 0) {
      plain.push_back(*word);
    } else if (*word == "--sha" || *word == "--sync" || *word == "--tls") {
      options[*word];
    } else {
      if (word + 1 == words.end()) die(*word + " needs a value");
      const std::string& name = *word;
      options[name] = *++word;
    }
  }
  return options;
}

}  // namespace

Job parse(const std::vector<std::string>& words) {
  const std::map<std::string, Mode> modes = {{"get", Mode::get}, {"put", Mode::put}, {"hash", Mode::hash}};
  std::vector<std::string> plain;
  auto options = split(words, plain);
  if (plain.empty() || modes.count(plain[0]) == 0 || plain.size() != (plain[0] == "hash" ? 2 : 3)) {
    die("usage: see the head of floor.cpp");
  }
  Job job;
  job.mode = modes.at(plain[0]);
  job.sha = options.count("--sha") != 0 || job.mode == Mode::hash;
  job.tls = options.count("--tls") != 0;
  job.sync = options.count("--sync") != 0;
  job.repository = options["--to"];
  job.threads = static_cast<unsigned>(std::max(1, std::atoi(options["--threads"].c_str())));
  job.steps = read_list(plain.back());
  const std::size_t colon = plain[1].rfind(':');
  job.address = plain[1].substr(0, colon);
  job.port = static_cast<std::uint16_t>(std::atoi(plain[1].substr(colon + 1).c_str()));
  if (const std::string& file = options["--file"]; !file.empty()) {
    open_file(job, file);
  } else if (job.mode != Mode::get || job.sync) {
    die("needs --file");
  }
  return job;
}

void die(const std::string& what) {
  std::cerr << "floor: " << what << '\n';
  std::_Exit(1);
}
