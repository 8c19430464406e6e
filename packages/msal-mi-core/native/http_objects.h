// Session and Request as JavaScript objects.
#pragma once

#include <napi.h>

#include "environment.h"

namespace msal_mi {

void DefineHttpClasses(Napi::Env env, Environment& environment);

// openSession(options, certificate, key): Promise<Session>. `certificate` and `key` may both be null.
Napi::Value OpenSession(const Napi::CallbackInfo& info);

}  // namespace msal_mi
