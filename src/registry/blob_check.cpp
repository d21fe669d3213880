#include "registry/blob_check.hpp"

#include "registry/registry_error.hpp"

namespace ociferry {

bool blob_exists(Connection& connection, const Scope& scope, const Descriptor& blob, std::stop_token stop) {
  if (!connection.head_answers().for_blobs) return false;
  const Request request{"HEAD", connection.url(scope.name, "blobs/" + blob.digest.text(), stop)};
  const Answer answer = connection.send_with_retries(request, scope, stop);
  if (is_success(answer.status)) return true;
  const int status = answer.status;
  const bool no_head = status == 405 || status == 501;
  if (no_head) connection.head_answers().for_blobs = false;
  // After any other refusal, the upload succeeds or shows the reason, which a response to HEAD cannot contain.
  if (status != 401 && !is_transient_status(status)) return false;
  throw response_error("HEAD", answer, ErrorCode::Network);
}

}  // namespace ociferry
