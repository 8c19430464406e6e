#include "opened_key.h"  // <windows.h> first

#include <bcrypt.h>

#include "client_certificate.h"
#include "crypt32_handles.h"

#include <utility>

#include <wide_string.h>
#include <win32_error.h>

// Absent from the mingw-w64 headers of 2022.
#ifndef CNG_RSA_PUBLIC_KEY_BLOB
#define CNG_RSA_PUBLIC_KEY_BLOB reinterpret_cast<LPCSTR>(72)
#endif

namespace msal_mi {
namespace {

class BoundCertificate final : public ClientCertificate {
 public:
  BoundCertificate(OpenedKey key, UniqueCertificateContext context)
      : key_(std::move(key)), context_(std::move(context)) {}
  const void* context() const noexcept override { return context_.get(); }

 private:
  OpenedKey key_;
  UniqueCertificateContext context_;  // refers to the key: destroyed first
};

// Documented for CERT_KEY_CONTEXT_PROP_ID: with CERT_STORE_NO_CRYPT_RELEASE_FLAG the handle in it is not released when
// the property or the context goes. For CERT_NCRYPT_KEY_HANDLE_PROP_ID, which .NET hands its keys over with, the flag
// is not documented, and a handle that two sides free is freed under a request that signs.
void SetKey(PCCERT_CONTEXT context, NCRYPT_KEY_HANDLE key) {
  CERT_KEY_CONTEXT key_context{};
  key_context.cbSize = sizeof(key_context);
  key_context.hNCryptKey = key;
  key_context.dwKeySpec = CERT_NCRYPT_KEY_SPEC;
  if (!::CertSetCertificateContextProperty(context, CERT_KEY_CONTEXT_PROP_ID, CERT_STORE_NO_CRYPT_RELEASE_FLAG,
                                           &key_context)) {
    throw Win32Error("CertSetCertificateContextProperty", ::GetLastError());
  }
}

RsaPublicKey PublicKeyOf(PCCERT_CONTEXT context) {
  const CRYPT_BIT_BLOB& encoded = context->pCertInfo->SubjectPublicKeyInfo.PublicKey;
  DWORD size = 0;
  std::vector<std::uint8_t> blob;
  for (int pass = 0; pass < 2; ++pass) {
    blob.resize(size);
    if (!::CryptDecodeObject(X509_ASN_ENCODING, CNG_RSA_PUBLIC_KEY_BLOB, encoded.pbData, encoded.cbData, 0,
                             blob.empty() ? nullptr : blob.data(), &size)) {
      throw Win32Error("CryptDecodeObject", ::GetLastError());
    }
  }
  blob.resize(size);
  return ReadRsaPublicBlob("CryptDecodeObject", blob);
}

}  // namespace

std::shared_ptr<const ClientCertificate> BindClientCertificate(const std::vector<std::uint8_t>& certificate,
                                                               const NamedKey& key) {
  OpenedKey opened = OpenNamedKey(key);
  // X509_ASN_ENCODING alone: Schannel of some systems refuses a context with more encodings than that.
  UniqueCertificateContext context(
      ::CertCreateCertificateContext(X509_ASN_ENCODING, certificate.data(), static_cast<DWORD>(certificate.size())));
  if (!context) throw Win32Error("CertCreateCertificateContext", ::GetLastError());
  // The key of that name may be another one by now. Schannel would sign with it, and the server would be blamed.
  RequirePublicKey(opened.key.get(), PublicKeyOf(context.get()));

  // The name is what lets Schannel, in another process, open the key itself.
  std::wstring provider_name = ToWide(key.provider_name);
  std::wstring key_name = ToWide(key.key_name);
  CRYPT_KEY_PROV_INFO provider{};
  provider.pwszContainerName = key_name.data();
  provider.pwszProvName = provider_name.data();
  provider.dwFlags = key.machine_scope ? NCRYPT_MACHINE_KEY_FLAG : 0;
  if (!::CertSetCertificateContextProperty(context.get(), CERT_KEY_PROV_INFO_PROP_ID, 0, &provider)) {
    throw Win32Error("CertSetCertificateContextProperty", ::GetLastError());
  }
  SetKey(context.get(), opened.key.get());
  return std::make_shared<BoundCertificate>(std::move(opened), std::move(context));
}

}  // namespace msal_mi
