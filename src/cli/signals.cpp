#include "cli/signals.hpp"

#include <pthread.h>
#include <signal.h>

#include "base/threads.hpp"

namespace ociferry {

namespace {

/// Sent by ourselves to end the waiting thread; ignored from outside.
constexpr int kWake = SIGUSR1;

sigset_t ending_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction now {};
    // What the caller ignores (nohup, a shell's background job) stays ignored: waiting for it would deliver it.
    if (::sigaction(signal, nullptr, &now) == 0 && now.sa_handler != SIG_IGN) sigaddset(&set, signal);
  }
  return set;
}

}  // namespace

Signals::Signals() {
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);
  ::signal(SIGUSR2, SIG_IGN);
  ::signal(SIGCHLD, SIG_DFL);  // if ignored, the status of credential helpers would be lost
  sigset_t set = ending_signals();
  sigaddset(&set, kWake);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  thread_ = start_thread([this] { wait(); });
  if (thread_.joinable()) return;
  sigdelset(&set, kWake);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

Signals::~Signals() {
  if (!thread_.joinable()) return;
  ended_ = true;
  pthread_kill(thread_.native_handle(), kWake);
}

void Signals::wait() {
  const sigset_t ending = ending_signals();
  sigset_t awaited = ending;
  sigaddset(&awaited, kWake);
  while (!ended_) {
    int signal = 0;
    if (sigwait(&awaited, &signal) != 0) return;
    if (signal == kWake) continue;
    received_ = signal;
    // From now on the next signal kills the process, even if the following call hangs.
    pthread_sigmask(SIG_UNBLOCK, &ending, nullptr);
    sigemptyset(&awaited);
    sigaddset(&awaited, kWake);
    stop_.request_stop();
  }
}

}  // namespace ociferry
