/* zmq_z85_encode(3), zmq_z85_decode(3) (RFC 32), zmq_curve_keypair(3), zmq_curve_public(3). */
#include "face.h"

static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

API char *zmq_z85_encode (char *dest, const uint8_t *data, size_t size)
{
	if (size % 4)
		return fail (EINVAL), NULL;
	char *at = dest;
	for (size_t i = 0; i < size; i += 4, at += 5) {
		uint32_t group = (uint32_t) data[i] << 24 | data[i + 1] << 16 | data[i + 2] << 8 | data[i + 3];
		for (int j = 4; j >= 0; j--, group /= 85)
			at[j] = digits[group % 85];
	}
	*at = 0;
	return dest;
}

API uint8_t *zmq_z85_decode (uint8_t *dest, const char *string)
{
	size_t size = strlen (string);
	if (size % 5)
		return fail (EINVAL), NULL;
	uint8_t *at = dest;
	for (size_t i = 0; i < size; i += 5, at += 4) {
		uint64_t group = 0;
		for (int j = 0; j < 5; j++) {
			const char *digit = strchr (digits, string[i + j]);
			if (!digit)
				return fail (EINVAL), NULL;
			group = group * 85 + (digit - digits);
		}
		if (group > UINT32_MAX) /* else two texts would be one key */
			return fail (EINVAL), NULL;
		for (int j = 0; j < 4; j++)
			at[j] = group >> (24 - 8 * j);
	}
	return dest;
}

API int zmq_curve_keypair (char *z85_public_key, char *z85_secret_key)
{
	return open_engine () < 0 ? -1 : done (engine->keypair (z85_public_key, z85_secret_key));
}

API int zmq_curve_public (char *z85_public_key, const char *z85_secret_key)
{
	return open_engine () < 0 ? -1 : done (engine->public_key (z85_public_key, (char *) z85_secret_key));
}
