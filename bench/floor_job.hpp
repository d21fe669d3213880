#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

/// What the floor is asked to do: see the head of floor.cpp.
enum class Mode { get, put, hash };

// A blob, or a manifest.
struct Blob {
  std::string repository;
  std::string digest;
  std::int64_t size = 0;
  std::int64_t offset = 0;
  std::string manifest_type;  // empty for a blob
  bool is_read_back = false;  // put reads it where it was put
};

struct Job {
  Mode mode = Mode::get;
  std::string address;
  std::uint16_t port = 0;
  std::string repository;                // that put writes to
  std::vector<std::vector<Blob>> steps;  // each begins when the one before is done
  unsigned threads = 1;
  bool sha = false;
  bool tls = false;
  bool sync = false;
  int file = -1;
};

/// Reads the command line and the list that it names, and opens the file. Ends the program if anything is wrong.
Job parse(const std::vector<std::string>& words);

/// Says what is wrong and ends the program.
[[noreturn]] void die(const std::string& what);

/// The result of a system call; ends the program, saying `what` failed, if it is negative.
template <typename Integer>
Integer check(Integer result, const char* what) {
  if (result < 0) {
    std::perror(what);
    std::_Exit(1);
  }
  return result;
}
