#define SECURITY_WIN32
#include "dotnet_support.h"

#include <schannel.h>
#include <security.h>
#include <wincrypt.h>

#include <atomic>
#include <cstring>
#include <vector>

#include "export_patch.h"

namespace keyguard_sim {
namespace {

// The head of SCH_CREDENTIALS, which old headers lack.
struct SchannelCredentials {
  DWORD version;
  DWORD format;
  DWORD certificate_count;
  PCCERT_CONTEXT* certificates;
  BYTE rest[128];
};
constexpr DWORD kSchannelCredentialsVersion = 5;
constexpr std::size_t kSchannelCredentialsSize = 64;

using AcquireCredentials = decltype(&::AcquireCredentialsHandleW);
using SetProperty = decltype(&::CertSetCertificateContextProperty);
using StringToName = decltype(&::CertStrToNameW);
AcquireCredentials real_acquire_credentials = nullptr;
SetProperty real_set_property = nullptr;
std::atomic<PCCERT_CONTEXT> client_certificate{nullptr};
StringToName real_string_to_name = nullptr;
NCRYPT_KEY_HANDLE (*open_key_by_name)(const std::wstring& name) = nullptr;

BOOL WINAPI SetPropertyAttachingKey(PCCERT_CONTEXT context, DWORD property, DWORD flags, const void* data) {
  if (!real_set_property(context, property, flags, data)) return FALSE;
  if (property != CERT_KEY_PROV_INFO_PROP_ID || data == nullptr) return TRUE;
  const auto* named = static_cast<const CRYPT_KEY_PROV_INFO*>(data);
  if (named->dwProvType != 0 || named->pwszContainerName == nullptr) return TRUE;
  CERT_KEY_CONTEXT key = {sizeof(key), {}, CERT_NCRYPT_KEY_SPEC};
  key.hNCryptKey = open_key_by_name(named->pwszContainerName);
  if (key.hNCryptKey == 0) return TRUE;
  if (!real_set_property(context, CERT_KEY_CONTEXT_PROP_ID, CERT_STORE_NO_CRYPT_RELEASE_FLAG, &key)) return FALSE;
  client_certificate = ::CertDuplicateCertificateContext(context);
  return TRUE;
}

SECURITY_STATUS SEC_ENTRY AcquireWithCertificate(LPWSTR principal, LPWSTR package, ULONG use, void* logon, void* data,
                                                 SEC_GET_KEY_FN get_key, void* argument, PCredHandle credential,
                                                 PTimeStamp expiry) {
  SchannelCredentials given = {};
  PCCERT_CONTEXT certificate = client_certificate;
  if (data != nullptr && certificate != nullptr && *static_cast<DWORD*>(data) == kSchannelCredentialsVersion) {
    std::memcpy(&given, data, kSchannelCredentialsSize);
    if (given.certificate_count == 0) {
      given.certificate_count = 1;
      given.certificates = &certificate;
      data = &given;
    }
  }
  return real_acquire_credentials(principal, package, use, logon, data, get_key, argument, credential, expiry);
}

// The parts of a DER sequence whose length takes one byte or, like here, at most two.
std::size_t HeaderSize(const BYTE* der) { return der[1] < 0x80 ? 2 : 2 + (der[1] & 0x7F); }
std::size_t ContentSize(const BYTE* der) {
  if (der[1] < 0x80) return der[1];
  std::size_t size = 0;
  for (int i = 0; i < (der[1] & 0x7F); ++i) size = size << 8 | der[2 + i];
  return size;
}

BOOL WINAPI StringToNameReversing(DWORD encoding, LPCWSTR text, DWORD flags, void* reserved, BYTE* out, DWORD* size,
                                  LPCWSTR* error) {
  if (!real_string_to_name(encoding, text, flags, reserved, out, size, error)) return FALSE;
  if ((flags & CERT_NAME_STR_REVERSE_FLAG) == 0 || out == nullptr) return TRUE;
  const std::vector<BYTE> name(out, out + *size);
  BYTE* end = out + *size;
  for (const BYTE* part = name.data() + HeaderSize(name.data()); part < name.data() + name.size();) {
    const std::size_t whole = HeaderSize(part) + ContentSize(part);
    end -= whole;
    std::memcpy(end, part, whole);
    part += whole;
  }
  return TRUE;
}

template <typename Function>
bool Replace(HMODULE module, const char* name, Function& real, Function replacement) {
  real = reinterpret_cast<Function>(reinterpret_cast<void*>(::GetProcAddress(module, name)));
  return real != nullptr && PatchExport(module, name, reinterpret_cast<void*>(replacement)) != nullptr;
}

}  // namespace

bool InstallDotNetSupport(NCRYPT_KEY_HANDLE (*open_key)(const std::wstring& name)) {
  open_key_by_name = open_key;
  const HMODULE crypt32 = SystemLibrary(L"crypt32.dll");
  const HMODULE sspicli = SystemLibrary(L"sspicli.dll");
  return crypt32 != nullptr && sspicli != nullptr &&
         Replace(sspicli, "AcquireCredentialsHandleW", real_acquire_credentials, &AcquireWithCertificate) &&
         Replace(crypt32, "CertSetCertificateContextProperty", real_set_property, &SetPropertyAttachingKey) &&
         Replace(crypt32, "CertStrToNameW", real_string_to_name, &StringToNameReversing);
}

}  // namespace keyguard_sim
