#include "ociferry/error.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

#include "base/system_error.hpp"
#include "base/text.hpp"
#include "ociferry/progress.hpp"

namespace ociferry {

int exit_code(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::Usage: return 1;
    case ErrorCode::Internal: return 2;
    case ErrorCode::Corrupt: return 10;
    case ErrorCode::Incomplete: return 11;
    case ErrorCode::Hostile: return 13;
    case ErrorCode::Unauthorized: return 20;
    case ErrorCode::Denied: return 21;
    case ErrorCode::NotFound: return 22;
    case ErrorCode::Network: return 23;
    case ErrorCode::Refused: return 24;
    case ErrorCode::Unstable: return 25;
    case ErrorCode::Space: return 30;
    case ErrorCode::Io: return 31;
    case ErrorCode::Busy: return 32;
    case ErrorCode::Interrupted: return 130;
  }
  return 2;
}

Error::Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}

Error& Error::while_doing(std::string context) & {
  context_.push_back(std::move(context));
  return *this;
}
Error&& Error::while_doing(std::string context) && { return std::move(while_doing(std::move(context))); }

Error& Error::hint(std::string text) & {
  if (hint_.empty()) hint_ = std::move(text);
  return *this;
}
Error&& Error::hint(std::string text) && { return std::move(hint(std::move(text))); }

Error& Error::transient(bool yes) & {
  transient_ = yes;
  return *this;
}
Error&& Error::transient(bool yes) && { return std::move(transient(yes)); }

Error& Error::lasting() & {
  lasting_ = true;
  return *this;
}
Error&& Error::lasting() && { return std::move(lasting()); }

Error& Error::because(ErrorReason reason) & {
  reason_ = reason;
  return *this;
}
Error&& Error::because(ErrorReason reason) && { return std::move(because(reason)); }

const char* Error::what() const noexcept { return message_.c_str(); }

Error system_error(std::string_view what, int saved_errno) {
  ErrorCode code = ErrorCode::Io;
  if (saved_errno == ENOSPC || saved_errno == EDQUOT || saved_errno == EFBIG) code = ErrorCode::Space;
  if (saved_errno == ENOENT) code = ErrorCode::NotFound;
  return {code, text::cat(what, ": ", std::generic_category().message(saved_errno))};
}

Progress& silent_progress() {
  static Progress silent;
  return silent;
}

}  // namespace ociferry
