#include "base/seccomp.hpp"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace ociferry {

namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
constexpr std::uint32_t kOtherCalls = 0x40000000;  // x32: the same calls under other numbers
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
constexpr std::uint32_t kOtherCalls = 0xFFFFFFFF;
#else
constexpr std::uint32_t kArchitecture = 0;
constexpr std::uint32_t kOtherCalls = 0;
#endif

// Calls that old headers lack; their numbers are the same on all architectures.
constexpr std::uint32_t kIoUringSetup = 425;
constexpr std::uint32_t kOpenat2 = 437;

/// Other programs, other users' memory, the system itself. (ptrace is left to Landlock, which allows it within.)
const std::vector<long> kNeverNeeded = {
    SYS_execve,      SYS_execveat,     SYS_process_vm_writev, SYS_bpf,        SYS_perf_event_open, SYS_userfaultfd,
    SYS_mount,       SYS_umount2,      SYS_pivot_root,        SYS_chroot,     SYS_unshare,         SYS_setns,
    SYS_init_module, SYS_finit_module, SYS_delete_module,     SYS_kexec_load, SYS_keyctl,          SYS_add_key};
const std::vector<long> kSockets = {SYS_socket, SYS_socketpair};
/// Calls that change files by name.
const std::vector<long> kWriting = {
#if defined(__x86_64__)
    SYS_creat,       SYS_mkdir,       SYS_rmdir,    SYS_unlink,    SYS_rename,   SYS_link,      SYS_symlink,
    SYS_mknod,       SYS_chmod,       SYS_chown,    SYS_lchown,    SYS_utime,    SYS_utimes,    SYS_futimesat,
#endif
    SYS_mkdirat,     SYS_unlinkat,    SYS_renameat, SYS_renameat2, SYS_linkat,   SYS_symlinkat, SYS_mknodat,
    SYS_fchmodat,    SYS_fchownat,    SYS_truncate, SYS_utimensat, SYS_setxattr, SYS_lsetxattr, SYS_fsetxattr,
    SYS_removexattr, SYS_lremovexattr};

/// A filter program for the kernel. Each rule returns a result or continues with the next.
class Filter {
 public:
  Filter() {
    load(offsetof(seccomp_data, arch));
    unless_equal(kArchitecture, ENOSYS);
    load(offsetof(seccomp_data, nr));
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, kOtherCalls, 0, 1));
    answer(ENOSYS);
  }

  void deny(const std::vector<long>& calls, int error) {
    for (const long call : calls) deny(static_cast<std::uint32_t>(call), error);
  }
  void deny(std::uint32_t call, int error) {
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1));
    answer(error);
  }
  /// `call` fails if any of these bits is set in its argument number `argument`.
  void deny_with(long call, unsigned argument, std::uint32_t bits, int error) {
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0, 4));
    // The low half: that is where the flags are, and both machines are little-endian.
    load(offsetof(seccomp_data, args) + argument * sizeof(std::uint64_t));
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1));
    answer(error);
    code_.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  }

  bool install(unsigned flags) {
    code_.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    const sock_fprog program{static_cast<unsigned short>(code_.size()), code_.data()};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
    // Without this flag, kernels before 5.16 disable speculation, which slows the process down.
    return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags | SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program) == 0;
  }

 private:
  void load(std::size_t offset) {
    code_.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)));
  }
  void unless_equal(std::uint32_t value, int error) {
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0));
    answer(error);
  }
  void answer(int error) {
    code_.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error)));
  }

  std::vector<sock_filter> code_;
};

void deny_writing(Filter& filter) {
  constexpr std::uint32_t kToWrite = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC;
  filter.deny(kWriting, EACCES);
  filter.deny(kOpenat2, ENOSYS);  // its flags are in memory, where no filter can look
  filter.deny_with(SYS_openat, 2, kToWrite, EACCES);
#if defined(__x86_64__)
  filter.deny_with(SYS_open, 1, kToWrite, EACCES);
#endif
}

}  // namespace

bool has_seccomp() noexcept {
  if (kArchitecture == 0) return false;
  const std::uint32_t action = SECCOMP_RET_ERRNO;
  return ::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

bool filter_system_calls(const Rights& rights) {
  if (!has_seccomp()) return false;
  const bool has_network = rights.network == Rights::Network::Any;
  Filter filter;
  filter.deny(kNeverNeeded, EPERM);
  filter.deny(kIoUringSetup, ENOSYS);  // a way around all of this
  if (!has_network) filter.deny(kSockets, EACCES);
  if (!has_network && rights.writable.empty()) deny_writing(filter);
  return filter.install(has_network ? 0 : SECCOMP_FILTER_FLAG_TSYNC);
}

}  // namespace ociferry
