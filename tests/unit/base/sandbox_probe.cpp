// Gives up rights, tries what it has lost and kept, and prints for each "name errno": 0 where it worked.
//   sandbox_probe none|network INSIDE OUTSIDE [WRITABLE...]

#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.hpp"
#include "base/sandbox.hpp"

using namespace ociferry;
namespace fs = std::filesystem;

namespace {

int failure(long result) { return result < 0 ? errno : 0; }

int write_new(const fs::path& file) {
  const UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CREAT, 0600));
  return fd ? 0 : errno;
}

int read_old(const fs::path& file) {
  const UniqueFd fd(::open(file.c_str(), O_RDONLY));
  return fd ? 0 : errno;
}

int make_socket(int domain) {
  const UniqueFd fd(::socket(domain, SOCK_STREAM, 0));
  return fd ? 0 : errno;
}

int run_true() {
  std::string name = "true";
  const std::array<char*, 2> arguments{name.data(), nullptr};
  pid_t pid = 0;
  const int failed = ::posix_spawnp(&pid, "true", nullptr, nullptr, arguments.data(), environ);
  if (failed == 0) ::waitpid(pid, nullptr, 0);
  return failed;
}

void tell(const char* what, int error) { std::printf("%s %d\n", what, error); }

void in_thread(const std::function<void()>& work) { std::thread(work).join(); }

void try_everything(const fs::path& inside, const fs::path& outside) {
  const std::string old = (outside / "old").string();
  tell("write-inside", write_new(inside / "new"));
  tell("rename-inside", failure(::rename((inside / "old").c_str(), (inside / "renamed").c_str())));
  tell("link-inside", failure(::link((inside / "renamed").c_str(), (inside / "directory/link").c_str())));
  tell("read-outside", read_old(old));
  tell("write-outside", write_new(outside / "new"));
  tell("overwrite-outside", write_new(old));
  tell("mkdir-outside", failure(::mkdir((outside / "made").c_str(), 0700)));
  tell("rename-outside", failure(::rename(old.c_str(), (outside / "moved").c_str())));
  tell("unlink-outside", failure(::unlink((outside / "spare").c_str())));
  tell("chmod-outside", failure(::chmod(old.c_str(), 0777)));
  in_thread([&] { tell("write-outside-in-a-thread", write_new(outside / "new")); });
  tell("inet", make_socket(AF_INET));
  tell("unix", make_socket(AF_UNIX));
  tell("program", run_true());
  with_all_privileges([] { tell("program-with-all-rights", run_true()); });
  in_thread([] { with_all_privileges([] { tell("program-with-all-rights-from-a-thread", run_true()); }); });
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  Rights rights;
  if (words.at(0) == "network") rights.network = Rights::Network::Any;
  for (std::size_t i = 3; i < words.size(); ++i) rights.writable.emplace_back(words[i]);
  drop_privileges(rights);
  try_everything(words.at(1), words.at(2));
}
