#pragma once

#include <windows.h>

#include <wincrypt.h>

#include <unique_handle.h>

namespace msal_mi {

struct CertificateContextTraits {
  using Raw = PCCERT_CONTEXT;
  static void close(Raw context) noexcept { ::CertFreeCertificateContext(context); }
};
using UniqueCertificateContext = UniqueHandle<CertificateContextTraits>;

struct CertificateStoreTraits {
  using Raw = HCERTSTORE;
  static void close(Raw store) noexcept { ::CertCloseStore(store, 0); }
};
using UniqueCertificateStore = UniqueHandle<CertificateStoreTraits>;

}  // namespace msal_mi
