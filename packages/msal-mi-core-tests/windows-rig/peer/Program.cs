// MSAL.NET's managed identity flow with mTLS PoP. Arguments: the URL of a resource, then the client id of a user-assigned
// identity, or "system", once for each token. Prints one line of JSON for each.
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Microsoft.Identity.Client;
using Microsoft.Identity.Client.AppConfig;

foreach (string identity in args.Skip(1))
{
    object report;
    try
    {
        ManagedIdentityId id = identity == "system"
            ? ManagedIdentityId.SystemAssigned
            : ManagedIdentityId.WithUserAssignedClientId(identity);
        AuthenticationResult result = await ManagedIdentityApplicationBuilder.Create(id)
            .WithExperimentalFeatures()
            .Build()
            .AcquireTokenForManagedIdentity("https://graph.microsoft.com")
            .WithMtlsProofOfPossession(new PoPOptions { MinStrength = MtlsBindingStrength.KeyGuard })
            .ExecuteAsync();
        X509Certificate2 certificate = result.BindingCertificate!;
        report = new
        {
            tokenType = result.TokenType,
            confirmed = ConfirmationOf(result.AccessToken) == Base64Url(certificate.GetCertHash(HashAlgorithmName.SHA256)),
            resource = await CallAsync(args[0], result, certificate),
        };
    }
    catch (MsalException exception)
    {
        report = new { error = exception.ErrorCode, message = exception.Message };
    }
    Console.WriteLine(JsonSerializer.Serialize(report));
}

static async Task<int> CallAsync(string url, AuthenticationResult result, X509Certificate2 certificate)
{
    using var handler = new HttpClientHandler { ClientCertificates = { certificate } };
    using var client = new HttpClient(handler);
    client.DefaultRequestHeaders.Authorization = AuthenticationHeaderValue.Parse(result.CreateAuthorizationHeader());
    using HttpResponseMessage answer = await client.GetAsync(url);
    return (int)answer.StatusCode;
}

static string? ConfirmationOf(string token)
{
    string payload = token.Split('.')[1].Replace('-', '+').Replace('_', '/');
    byte[] json = Convert.FromBase64String(payload.PadRight((payload.Length + 3) / 4 * 4, '='));
    return JsonDocument.Parse(json).RootElement.GetProperty("cnf").GetProperty("x5t#S256").GetString();
}

static string Base64Url(byte[] bytes) => Convert.ToBase64String(bytes).TrimEnd('=').Replace('+', '-').Replace('/', '_');
