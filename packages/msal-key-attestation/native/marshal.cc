#include "marshal.h"

#include <wide_string.h>

namespace msal_mi {
namespace {

[[noreturn]] void Refuse(Napi::Env env, const char* name, const char* expected) {
  throw Napi::TypeError::New(env, std::string(name) + " must be " + expected);
}

Napi::Object ReadObject(const Napi::Value& value) {
  if (!value.IsObject()) Refuse(value.Env(), "request", "an object");
  return value.As<Napi::Object>();
}

std::u16string ReadString(const Napi::Object& object, const char* name) {
  const Napi::Value value = object.Get(name);
  if (!value.IsString()) Refuse(object.Env(), name, "a string");
  std::u16string text = value.As<Napi::String>().Utf16Value();
  if (text.find(u'\0') != std::u16string::npos) Refuse(object.Env(), name, "free of NUL characters");
  return text;
}

std::wstring ReadWide(const Napi::Object& object, const char* name) { return ToWide(ReadString(object, name)); }

// The library's strings are 8-bit and of no stated encoding: nothing beyond ASCII means the same to both sides.
std::string ReadAscii(const Napi::Object& object, const char* name) {
  std::string ascii;
  for (const char16_t unit : ReadString(object, name)) {
    if (unit > 0x7E || unit < 0x20) Refuse(object.Env(), name, "printable ASCII");
    ascii.push_back(static_cast<char>(unit));
  }
  return ascii;
}

bool ReadBoolean(const Napi::Object& object, const char* name) {
  const Napi::Value value = object.Get(name);
  if (!value.IsBoolean()) Refuse(object.Env(), name, "a boolean");
  return value.As<Napi::Boolean>().Value();
}

Napi::Value ToJs(Napi::Env env, const std::optional<Win32Error>& failed_call) {
  if (!failed_call) return env.Null();
  Napi::Object call = Napi::Object::New(env);
  call.Set("api", failed_call->api());
  call.Set("status", Napi::Number::New(env, failed_call->status()));
  return call;
}

}  // namespace

LibraryRequest ReadLibraryRequest(const Napi::Value& value) {
  const Napi::Object object = ReadObject(value);
  return {ReadWide(object, "libraryPath"), ReadBoolean(object, "requireSignature"), ReadWide(object, "requiredSigner"),
          ReadWide(object, "requiredSha256")};
}

AttestationRequest ReadAttestationRequest(const Napi::Value& value) {
  const Napi::Object object = ReadObject(value);
  return {ReadLibraryRequest(value),        ReadAscii(object, "endpoint"), ReadAscii(object, "clientId"),
          ReadWide(object, "providerName"), ReadWide(object, "keyName"),   ReadBoolean(object, "isMachineKey")};
}

Napi::Function ReadFunction(const Napi::Value& value, const char* name) {
  if (!value.IsFunction()) Refuse(value.Env(), name, "a function");
  return value.As<Napi::Function>();
}

Napi::Value ToJs(Napi::Env env, const LogLine& line) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("level", Napi::Number::New(env, line.level));
  object.Set("tag", line.tag);
  object.Set("functionName", line.function);
  object.Set("line", Napi::Number::New(env, line.line));
  object.Set("message", line.message);
  return object;
}

Napi::Value ToJs(Napi::Env env, const LibraryOutcome& outcome) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("failedCall", ToJs(env, outcome.failed_call));
  const bool is_verified = outcome.signature.has_value();
  object.Set("signatureStatus", is_verified ? Napi::Number::New(env, outcome.signature->status) : env.Null());
  object.Set("signer",
             is_verified ? Napi::String::New(env, FromWide(outcome.signature->signer)) : Napi::String::New(env, ""));
  return object;
}

Napi::Value ToJs(Napi::Env env, AttestationOutcome& outcome) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("failedCall", ToJs(env, outcome.failed_call));
  if (!outcome.token) {
    object.Set("token", env.Null());
    return object;
  }
  object.Set("token", Napi::String::New(env, *outcome.token));
  ::SecureZeroMemory(outcome.token->data(), outcome.token->size());
  return object;
}

}  // namespace msal_mi
