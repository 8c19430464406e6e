// JavaScript values <-> plain structs, nothing else. Reading throws Napi::TypeError naming the member; nothing is
// converted silently.
#pragma once

#include <napi.h>

#include <string>
#include <vector>

#include "win32/certificate_store.h"
#include "win32/file_lock.h"
#include "win32/named_key.h"
#include "win32/ncrypt_key.h"
#include "win32/winhttp_request.h"
#include "win32/winhttp_session.h"

namespace msal_mi {

using Bytes = std::vector<std::uint8_t>;

std::u16string ReadString(const Napi::Value& value, const char* name);
Bytes ReadBytes(const Napi::Value& value, const char* name, std::size_t most);
std::uint32_t ReadUint32(const Napi::Value& value, const char* name);
NamedKey ReadNamedKey(const Napi::Value& value);
RsaPublicKey ReadPublicKey(const Napi::Value& value);
std::vector<Bytes> ReadCertificates(const Napi::Value& value);
SessionOptions ReadSessionOptions(const Napi::Value& value);
RequestOptions ReadRequestOptions(const Napi::Value& value);

Napi::Value ToJs(Napi::Env env, const Bytes& bytes);
Napi::Value ToJs(Napi::Env env, const KeyProbe& probe);
Napi::Value ToJs(Napi::Env env, const std::vector<StoreEntry>& entries);
Napi::Value ToJs(Napi::Env env, LockOutcome outcome);
Napi::Value ToJs(Napi::Env env, const ResponseHead& head);
Napi::Value ToJs(Napi::Env env, const RequestFailure& failure);

// Limits of what crosses: a certificate, and one piece of a request body.
inline constexpr std::size_t kMostCertificateBytes = std::size_t{64} * 1024;
inline constexpr std::size_t kMostBodyBytes = std::size_t{16} * 1024 * 1024;

}  // namespace msal_mi
