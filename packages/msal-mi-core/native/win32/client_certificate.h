// A certificate bound to the key that its holder proves: what Schannel needs to answer a request for a certificate.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "named_key.h"

namespace msal_mi {

// Owns the certificate context and the key handle. Requests share it, so the handle outlives each of them.
class ClientCertificate {
 public:
  virtual ~ClientCertificate() = default;
  // PCCERT_CONTEXT, as an opaque pointer for layers without <windows.h>.
  virtual const void* context() const noexcept = 0;
};

std::shared_ptr<const ClientCertificate> BindClientCertificate(const std::vector<std::uint8_t>& certificate,
                                                               const NamedKey& key);

}  // namespace msal_mi
