// Stands in for the libsrtp 3 beta that mediasoup downloads (no registry has it): version 3's calls, made of version 2's.
// One copy a packet, which mediasoup itself made before it used version 3; opening stays in place.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#define srtp_policy_t srtp2_policy_t
#include <srtp2/srtp.h>
#undef srtp_policy_t

constexpr auto srtp_err_status_buffer_small = static_cast<srtp_err_status_t>(29);
constexpr auto srtp_err_status_cryptex_err  = static_cast<srtp_err_status_t>(30);

struct srtp3_policy
{
	srtp2_policy_t policy{};
	std::vector<uint8_t> key;
};
using srtp_policy_t = srtp3_policy*;

inline srtp_err_status_t srtp_policy_create(srtp_policy_t* policy)
{
	*policy = new srtp3_policy();
	return srtp_err_status_ok;
}

inline void srtp_policy_destroy(srtp_policy_t policy)
{
	delete policy;
}

inline srtp_err_status_t srtp_policy_set_ssrc(srtp_policy_t policy, srtp_ssrc_t ssrc)
{
	policy->policy.ssrc = ssrc;
	return srtp_err_status_ok;
}

inline srtp_err_status_t srtp_policy_set_profile(srtp_policy_t policy, srtp_profile_t profile)
{
	const auto status = srtp_crypto_policy_set_from_profile_for_rtp(&policy->policy.rtp, profile);
	return status != srtp_err_status_ok
	         ? status
	         : srtp_crypto_policy_set_from_profile_for_rtcp(&policy->policy.rtcp, profile);
}

inline srtp_err_status_t srtp_policy_add_key(
  srtp_policy_t policy,
  const uint8_t* key,
  size_t keyLength,
  const uint8_t* salt,
  size_t saltLength,
  const uint8_t* /*mki*/,
  size_t /*mkiLength*/)
{
	policy->key.assign(key, key + keyLength);
	policy->key.insert(policy->key.end(), salt, salt + saltLength);
	policy->policy.key = policy->key.data();
	return srtp_err_status_ok;
}

inline srtp_err_status_t srtp_policy_set_allow_repeat_tx(srtp_policy_t policy, bool allow)
{
	policy->policy.allow_repeat_tx = allow ? 1 : 0;
	return srtp_err_status_ok;
}

inline srtp_err_status_t srtp_policy_set_window_size(srtp_policy_t policy, size_t size)
{
	policy->policy.window_size = size;
	return srtp_err_status_ok;
}

inline srtp_err_status_t srtp_create(srtp_t* session, srtp_policy_t policy)
{
	return srtp_create(session, &policy->policy);
}

inline srtp_err_status_t srtp_stream_remove(srtp_t session, uint32_t ssrc)
{
	return srtp_remove_stream(session, ssrc);
}

inline srtp_err_status_t srtp_protect(
  srtp_t session, const uint8_t* packet, size_t length, uint8_t* sealed, size_t* sealedLength, size_t /*mki*/)
{
	if (packet != sealed)
	{
		std::memcpy(sealed, packet, length);
	}
	auto bytes        = static_cast<int>(length);
	const auto status = srtp_protect(session, sealed, &bytes);
	*sealedLength     = static_cast<size_t>(bytes);
	return status;
}

inline srtp_err_status_t srtp_protect_rtcp(
  srtp_t session, const uint8_t* packet, size_t length, uint8_t* sealed, size_t* sealedLength, size_t /*mki*/)
{
	if (packet != sealed)
	{
		std::memcpy(sealed, packet, length);
	}
	auto bytes        = static_cast<int>(length);
	const auto status = srtp_protect_rtcp(session, sealed, &bytes);
	*sealedLength     = static_cast<size_t>(bytes);
	return status;
}

inline srtp_err_status_t srtp_unprotect(
  srtp_t session, const uint8_t* sealed, size_t sealedLength, uint8_t* packet, size_t* length)
{
	if (packet != sealed)
	{
		std::memcpy(packet, sealed, sealedLength);
	}
	auto bytes        = static_cast<int>(sealedLength);
	const auto status = srtp_unprotect(session, packet, &bytes);
	*length           = static_cast<size_t>(bytes);
	return status;
}

inline srtp_err_status_t srtp_unprotect_rtcp(
  srtp_t session, const uint8_t* sealed, size_t sealedLength, uint8_t* packet, size_t* length)
{
	if (packet != sealed)
	{
		std::memcpy(packet, sealed, sealedLength);
	}
	auto bytes        = static_cast<int>(sealedLength);
	const auto status = srtp_unprotect_rtcp(session, packet, &bytes);
	*length           = static_cast<size_t>(bytes);
	return status;
}
