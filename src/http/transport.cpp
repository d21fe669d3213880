#include "http/transport.hpp"

namespace ociferry {

TransportError::TransportError(Kind kind, std::string message)
    : Error(ErrorCode::Network, std::move(message)), kind_(kind) {
  transient(kind == Kind::Connect || kind == Kind::Broken);
}

}  // namespace ociferry
