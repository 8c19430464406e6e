#include "marshal.h"

namespace msal_mi {
namespace {

[[noreturn]] void Refuse(Napi::Env env, const char* name, const char* expected) {
  throw Napi::TypeError::New(env, std::string(name) + " must be " + expected);
}

Napi::Object ReadObject(const Napi::Value& value, const char* name) {
  if (!value.IsObject()) Refuse(value.Env(), name, "an object");
  return value.As<Napi::Object>();
}

bool ReadBoolean(const Napi::Value& value, const char* name) {
  if (!value.IsBoolean()) Refuse(value.Env(), name, "a boolean");
  return value.As<Napi::Boolean>().Value();
}

double ReadWholeNumber(const Napi::Value& value, const char* name, double most) {
  if (!value.IsNumber()) Refuse(value.Env(), name, "a number");
  const double number = value.As<Napi::Number>().DoubleValue();
  // Written so that NaN is refused.
  if (!(number >= 0 && number <= most) || number != static_cast<double>(static_cast<std::uint64_t>(number))) {
    Refuse(value.Env(), name, "a whole number in range");
  }
  return number;
}

std::int32_t ReadTimeoutMs(const Napi::Value& value, const char* name) {
  return static_cast<std::int32_t>(ReadWholeNumber(value, name, 0x7FFFFFFF));
}

// Of the request line: a line break in one would begin a line of the sender's own, a space another part.
std::u16string ReadVisible(const Napi::Value& value, const char* name) {
  std::u16string text = ReadString(value, name);
  for (const char16_t unit : text) {
    if (unit <= u' ' || unit == u'\x7F') Refuse(value.Env(), name, "free of spaces and control characters");
  }
  return text;
}

constexpr double kMostSafeInteger = 9007199254740991.0;

}  // namespace

std::u16string ReadString(const Napi::Value& value, const char* name) {
  if (!value.IsString()) Refuse(value.Env(), name, "a string");
  return value.As<Napi::String>().Utf16Value();
}

Bytes ReadBytes(const Napi::Value& value, const char* name, std::size_t most) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    Refuse(value.Env(), name, "a Uint8Array");
  }
  const auto array = value.As<Napi::Uint8Array>();
  if (array.ByteLength() > most) Refuse(value.Env(), name, "shorter");
  if (array.ByteLength() == 0) return {};  // Data() of an empty array may be null
  return Bytes(array.Data(), array.Data() + array.ByteLength());
}

std::uint32_t ReadUint32(const Napi::Value& value, const char* name) {
  return static_cast<std::uint32_t>(ReadWholeNumber(value, name, 0xFFFFFFFF));
}

NamedKey ReadNamedKey(const Napi::Value& value) {
  const Napi::Object object = ReadObject(value, "key");
  const std::u16string scope = ReadString(object.Get("scope"), "key.scope");
  if (scope != u"user" && scope != u"machine") Refuse(value.Env(), "key.scope", "'user' or 'machine'");
  return {ReadString(object.Get("providerName"), "key.providerName"), ReadString(object.Get("keyName"), "key.keyName"),
          scope == u"machine"};
}

RsaPublicKey ReadPublicKey(const Napi::Value& value) {
  const Napi::Object object = ReadObject(value, "publicKey");
  constexpr std::size_t kMostModulusBytes = 2048;
  return {ReadBytes(object.Get("modulus"), "publicKey.modulus", kMostModulusBytes),
          ReadBytes(object.Get("exponent"), "publicKey.exponent", kMostModulusBytes)};
}

std::vector<Bytes> ReadCertificates(const Napi::Value& value) {
  if (!value.IsArray()) Refuse(value.Env(), "certificates", "an array");
  const auto array = value.As<Napi::Array>();
  std::vector<Bytes> certificates;
  for (std::uint32_t i = 0; i < array.Length(); ++i) {
    certificates.push_back(ReadBytes(array.Get(i), "certificate", kMostCertificateBytes));
  }
  return certificates;
}

SessionOptions ReadSessionOptions(const Napi::Value& value) {
  const Napi::Object object = ReadObject(value, "options");
  SessionOptions options;
  options.allow_tls13 = ReadBoolean(object.Get("allowTls13"), "options.allowTls13");
  options.resolve_timeout_ms = ReadTimeoutMs(object.Get("resolveTimeoutMs"), "options.resolveTimeoutMs");
  options.connect_timeout_ms = ReadTimeoutMs(object.Get("connectTimeoutMs"), "options.connectTimeoutMs");
  options.send_timeout_ms = ReadTimeoutMs(object.Get("sendTimeoutMs"), "options.sendTimeoutMs");
  options.receive_timeout_ms = ReadTimeoutMs(object.Get("receiveTimeoutMs"), "options.receiveTimeoutMs");

  const std::u16string proxy = ReadString(object.Get("proxy"), "options.proxy");
  if (proxy == u"system") {
    options.proxy_mode = ProxyMode::kSystem;
  } else if (proxy != u"direct") {
    options.proxy_mode = ProxyMode::kNamed;
    options.proxy = proxy;
  }
  return options;
}

RequestOptions ReadRequestOptions(const Napi::Value& value) {
  const Napi::Object object = ReadObject(value, "request");
  RequestOptions options;
  options.method = ReadVisible(object.Get("method"), "request.method");
  options.host = ReadVisible(object.Get("host"), "request.host");
  options.port = static_cast<std::uint16_t>(ReadWholeNumber(object.Get("port"), "request.port", 0xFFFF));
  options.path = ReadVisible(object.Get("path"), "request.path");
  options.headers = ReadString(object.Get("headers"), "request.headers");
  options.response_timeout_ms = static_cast<std::uint32_t>(
      ReadWholeNumber(object.Get("responseTimeoutMs"), "request.responseTimeoutMs", 0x7FFFFFFF));

  options.read_ahead_bytes = ReadUint32(object.Get("readAheadBytes"), "request.readAheadBytes");
  const Napi::Value keeps_process = object.Get("keepsProcess");
  options.keeps_process = keeps_process.IsUndefined() || keeps_process.ToBoolean();

  const Napi::Value body = object.Get("body");
  if (body.IsString() && ReadString(body, "request.body") == u"chunked") {
    options.body_kind = BodyKind::kChunked;
  } else if (body.IsNumber()) {
    options.body_kind = BodyKind::kKnownLength;
    options.body_length = static_cast<std::uint64_t>(ReadWholeNumber(body, "request.body", kMostSafeInteger));
    if (options.body_length == 0) Refuse(value.Env(), "request.body", "greater than 0");
  } else {
    options.body = ReadBytes(body, "request.body", kMostBodyBytes);
  }
  return options;
}

Napi::Value ToJs(Napi::Env env, const Bytes& bytes) {
  return Napi::Buffer<std::uint8_t>::Copy(env, bytes.data(), bytes.size());
}

Napi::Value ToJs(Napi::Env env, const KeyProbe& probe) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("modulus", ToJs(env, probe.public_key.modulus));
  object.Set("exponent", ToJs(env, probe.public_key.exponent));
  object.Set("isolation", ToJs(env, probe.isolation));
  object.Set("isIsolated", Napi::Boolean::New(env, probe.is_isolated));
  return object;
}

Napi::Value ToJs(Napi::Env env, const std::vector<StoreEntry>& entries) {
  Napi::Array array = Napi::Array::New(env, entries.size());
  for (std::uint32_t i = 0; i < entries.size(); ++i) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("certificate", ToJs(env, entries[i].certificate));
    object.Set("friendlyName", Napi::String::New(env, entries[i].friendly_name));
    object.Set("keyName", Napi::String::New(env, entries[i].key_name));
    array.Set(i, object);
  }
  return array;
}

Napi::Value ToJs(Napi::Env env, LockOutcome outcome) {
  switch (outcome) {
    case LockOutcome::kAcquired:
      return Napi::String::New(env, "acquired");
    case LockOutcome::kCancelled:
      return Napi::String::New(env, "cancelled");
    case LockOutcome::kBusy:
      break;
  }
  return Napi::String::New(env, "busy");
}

Napi::Value ToJs(Napi::Env env, const ResponseHead& head) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("status", Napi::Number::New(env, head.status));
  object.Set("rawHeaders", Napi::String::New(env, head.raw_headers));
  return object;
}

Napi::Value ToJs(Napi::Env env, const RequestFailure& failure) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("api", Napi::String::New(env, failure.api));
  object.Set("status", Napi::Number::New(env, failure.status));
  object.Set("proxyStatus", Napi::Number::New(env, failure.proxy_status));
  object.Set("secureFailureFlags", Napi::Number::New(env, failure.secure_failure_flags));
  object.Set("isNewConnection", Napi::Boolean::New(env, failure.new_connection));
  object.Set("hasAnswerBegun", Napi::Boolean::New(env, failure.answer_begun));
  return object;
}

}  // namespace msal_mi
