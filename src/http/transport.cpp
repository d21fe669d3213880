#include "http/transport.hpp"

namespace ociferry {

TransportError::TransportError(Kind kind, std::string message)
    : Error(ErrorCode::Network, std::move(message)), kind_(kind) {
  if (kind == Kind::NotTls || kind == Kind::Certificate || kind == Kind::Proxy) {
    lasting();
  } else {
    transient();
  }
}

}  // namespace ociferry
