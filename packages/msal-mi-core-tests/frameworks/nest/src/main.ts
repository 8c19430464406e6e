// A NestJS application that is given its ManagedIdentityApplication, by the type that its constructor names.
import 'reflect-metadata';
import { Controller, Get, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createMtlsFetch, ManagedIdentityApplication, MtlsBindingStrength } from 'msal-mi-core';

const minStrength = MtlsBindingStrength.Software;

async function outcome(act: () => Promise<object>): Promise<object> {
  try {
    return await act();
  } catch (error) {
    const { errorCode, message, stack } = error as Error & { errorCode?: string };
    return { errorCode: errorCode ?? stack, message };
  }
}

@Injectable()
class Tokens {
  constructor(private readonly application: ManagedIdentityApplication) {}

  async report(): Promise<object> {
    const resource = process.env['EMULATOR_API_URL'] ?? '';
    const bound = await outcome(async () => {
      const request = { resource, mtlsProofOfPossession: true, minStrength } as const;
      return { tokenType: (await this.application.acquireToken(request)).tokenType };
    });
    const call = await outcome(async () => {
      const { status } = await createMtlsFetch(this.application, { resource, minStrength })(resource);
      return { status };
    });
    return { bound, call, lookedFor: (globalThis as { lookedFor?: object }).lookedFor };
  }
}

@Controller('api')
class TokenController {
  constructor(private readonly tokens: Tokens) {}

  @Get('token')
  async token(): Promise<object> {
    return this.tokens.report();
  }
}

@Module({
  controllers: [TokenController],
  providers: [Tokens, { provide: ManagedIdentityApplication, useFactory: () => new ManagedIdentityApplication() }],
})
class ApplicationModule {}

async function main(): Promise<void> {
  const server = await NestFactory.create(ApplicationModule, { logger: ['error'] });
  await server.listen(Number(process.env['PORT']), '127.0.0.1');
}

void main();
