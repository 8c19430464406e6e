#include "library_signature.h"

#include <wincrypt.h>

#include <softpub.h>
#include <wintrust.h>

#include <vector>

namespace msal_mi {
namespace {

// One verification; Windows keeps what it found until the state is closed.
class TrustCheck {
 public:
  TrustCheck(const std::wstring& path, HANDLE file) {
    file_.cbStruct = sizeof(file_);
    file_.pcwszFilePath = path.c_str();
    file_.hFile = file;
    trust_.cbStruct = sizeof(trust_);
    trust_.dwUIChoice = WTD_UI_NONE;
    trust_.fdwRevocationChecks = WTD_REVOKE_NONE;
    trust_.dwUnionChoice = WTD_CHOICE_FILE;
    trust_.pFile = &file_;
    trust_.dwStateAction = WTD_STATEACTION_VERIFY;
    trust_.dwProvFlags = WTD_CACHE_ONLY_URL_RETRIEVAL;
    status_ = static_cast<std::uint32_t>(Run());
  }
  TrustCheck(const TrustCheck&) = delete;
  TrustCheck& operator=(const TrustCheck&) = delete;
  ~TrustCheck() {
    trust_.dwStateAction = WTD_STATEACTION_CLOSE;
    Run();
  }

  std::uint32_t status() const noexcept { return status_; }

  // Borrowed from the state.
  PCCERT_CONTEXT signer() const {
    CRYPT_PROVIDER_DATA* data = ::WTHelperProvDataFromStateData(trust_.hWVTStateData);
    if (data == nullptr) return nullptr;
    CRYPT_PROVIDER_SGNR* signer = ::WTHelperGetProvSignerFromChain(data, 0, FALSE, 0);
    if (signer == nullptr) return nullptr;
    CRYPT_PROVIDER_CERT* certificate = ::WTHelperGetProvCertFromChain(signer, 0);
    return certificate == nullptr ? nullptr : certificate->pCert;
  }

 private:
  LONG Run() {
    GUID action = WINTRUST_ACTION_GENERIC_VERIFY_V2;
    return ::WinVerifyTrust(static_cast<HWND>(INVALID_HANDLE_VALUE), &action, &trust_);
  }

  WINTRUST_FILE_INFO file_{};
  WINTRUST_DATA trust_{};
  std::uint32_t status_ = 0;
};

std::wstring CommonName(PCCERT_CONTEXT certificate) {
  // The API takes a pointer to non-const and does not write to it.
  auto* attribute = const_cast<char*>(szOID_COMMON_NAME);
  const DWORD size = ::CertGetNameStringW(certificate, CERT_NAME_ATTR_TYPE, 0, attribute, nullptr, 0);
  if (size <= 1) return {};
  std::vector<wchar_t> name(size);
  ::CertGetNameStringW(certificate, CERT_NAME_ATTR_TYPE, 0, attribute, name.data(), size);
  return std::wstring(name.data());
}

}  // namespace

LibrarySignature VerifySignature(const std::wstring& path, HANDLE file) {
  const TrustCheck check(path, file);
  LibrarySignature signature;
  signature.status = check.status();
  const PCCERT_CONTEXT signer = signature.status == 0 ? check.signer() : nullptr;
  if (signer != nullptr) signature.signer = CommonName(signer);
  return signature;
}

}  // namespace msal_mi
