// The person whom the provider asks: signs in and consents at once, or refuses.

const REFUSAL = 'the scripted user refused';

/** Answers a sign-in page: as the account that `login_hint` names (`deny` refuses), else as alice. */
export async function answerInteraction(provider, request, response) {
  const { params } = await provider.interactionDetails(request, response);
  const accountId = params.login_hint ?? 'alice';
  const answer = accountId === 'deny'
    ? { error: 'access_denied', error_description: REFUSAL }
    : { login: { accountId }, consent: { grantId: await consent(provider, accountId, params.client_id, params) } };
  return provider.interactionFinished(request, response, answer, { mergeWithLastSubmission: false });
}

/** Approves or denies a device's user code without the pages. False: there is no such code. */
export async function answerDevice(provider, { user_code, action = 'approve', account = 'alice' }) {
  const code = await provider.DeviceCode.findByUserCode(user_code.toUpperCase().replace(/\W/g, ''));
  if (!code) return false;
  if (action === 'deny') {
    Object.assign(code, { error: 'access_denied', errorDescription: REFUSAL });
  } else {
    Object.assign(code, {
      accountId: account,
      grantId: await consent(provider, account, code.clientId, code.params),
      scope: code.params.scope,
      resource: code.params.resource,
      authTime: Math.floor(Date.now() / 1000),
    });
  }
  await code.save();
  return true;
}

async function consent(provider, accountId, clientId, { scope = '', resource = [] }) {
  const grant = new provider.Grant({ accountId, clientId });
  grant.addOIDCScope(scope);
  for (const each of [resource].flat()) grant.addResourceScope(each, scope);
  return grant.save();
}
