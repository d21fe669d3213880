#include "cli/signals.hpp"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

namespace ociferry {

namespace {

constexpr int kEndOfWaiting = SIGUSR1;

sigset_t waited_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, kEndOfWaiting);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction now {};
    // What the caller ignores (nohup, a shell's background job) stays ignored: waiting for it would deliver it.
    if (::sigaction(signal, nullptr, &now) == 0 && now.sa_handler != SIG_IGN) sigaddset(&set, signal);
  }
  return set;
}

}  // namespace

Signals::Signals() {
  const sigset_t set = waited_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);
  ::signal(SIGCHLD, SIG_DFL);  // where the caller ignores it, nobody learns how a credential helper ended
  thread_ = std::thread([this] { wait(); });
}

Signals::~Signals() {
  pthread_kill(thread_.native_handle(), kEndOfWaiting);
  thread_.join();
}

void Signals::wait() {
  const sigset_t set = waited_signals();
  while (true) {
    int signal = 0;
    if (sigwait(&set, &signal) != 0 || signal == kEndOfWaiting) return;
    if (received_.exchange(signal) != 0) ::_exit(128 + signal);
    stop_.request_stop();
  }
}

}  // namespace ociferry
