// SPDX-License-Identifier: MIT
// quick_rsa: takes the place of BoringSSL's RSA_generate_key_ex in a test that is not about it
// (linked with --wrap): a new key takes 20 to 300 ms, and these are made of primes that are known.
// The keys of a size are all the same one. Other sizes than these fail the test.
#include "base/boringssl.h"

#include <openssl/bn.h>
#include <openssl/rsa.h>

#include <assert.h>
#include <stddef.h>

struct primes {
    int bits;
    const char *p, *q; // hex
};

static const struct primes known[] = {
    {768,
     "D73168B8C32477AFDF3FC85D067E171BC005FA0C5CAD8924ACE17F7E8166B72818BCE918A02F24C6"
     "8A668C5794CB2625",
     "D027BBDE286841D731BA556F7A75C71B9057254AC33FE0BB6B24F14896CF15A05BB9CE05F5BBE5A2"
     "950CD9FB7997368F"},
    {1024,
     "DA57553D1925C2558CB1F387DB0FBEE543C25665D0856C62083D1059C6E4B5971A40EAA76679F216"
     "E841B52A37B66AFB02D04E931F64B0DCC0EC25159084CE43",
     "C37FB5082EFAF20E2BE5835523D078534995004A0AA7EB412D48C7865CE90A0041EF43032802BE89"
     "446365467E5B47045D721A9C00A0AA4F46E5E1862C957917"},
    {1536,
     "F3A3F1AF25DEFD2B1E3C9B1C8D837BF9036BF77A1F12EF41463475C98BE3A7462588D84A1011EFA9"
     "4C3DC4C9F25EC6B63AAD07A40A7971EFCE03D669BBEA7E4510E8AB8DC27363FFFE37AB2787D3BD9F"
     "168528164147CFA83B959B4F4AF1F53B",
     "DFF2E5E86271981CBA17EE3292BBFCDE3D676E69CC64199B4CD25B58E6E7D4C669A9AF2EAACEDD08"
     "52E219D42BBC9A64895D141A7C9655E31C6F824BD9365B409BBCE0A0DC5DEEEEE65D149E99DF914C"
     "1A30017672B9F4E2239BD17BCCB6E30D"},
    {2048,
     "FAE374565EFC4211BA629F4A5322ED4B92AAF00F86BCFA9F8807514BF9FB10CD70315F84256F1304"
     "1B1747D373A3BD9A1F2689D6BB0E2A439AB3DD995F0818C74AF264AE361B2AED31F7F095D9E0A903"
     "4C8AEAD733FF58407D50775A3A1707951B233566BD1BB8A2136DC90F75D9FC7CDD0B215F22D8FCE8"
     "F8F99C5A4AFEA3AF",
     "F5CC98A8C1FB112CD2FB642B2FC2B3DE07C10CE64B471E9ABAA60734C00A849D7B41483AC5095844"
     "29E9C9479F21C91682EDA1C1EA135DED858B28CA99E5FF3E9979E9CED15DD91917C27DB5A432271D"
     "FEB28E100A497276093DCCF01CDAEB857FFDA7E37FD586812B55C3917C0AC2B08B1CEA23EC1AD11A"
     "8DC66833D1B9C0D1"},
};

static const struct primes *primes_of(int bits) {
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (known[i].bits == bits) {
            return &known[i];
        }
    }
    return NULL;
}

static BIGNUM *of_hex(const char *hex) {
    BIGNUM *number = NULL;
    assert(BN_hex2bn(&number, hex) > 0);
    return number;
}

static BIGNUM *less_one(const BIGNUM *number) {
    BIGNUM *less = BN_dup(number);
    assert(BN_sub_word(less, 1));
    return less;
}

static BIGNUM *product(const BIGNUM *a, const BIGNUM *b, BN_CTX *context) {
    BIGNUM *result = BN_new();
    assert(BN_mul(result, a, b, context));
    return result;
}

static BIGNUM *remainder_of(const BIGNUM *number, const BIGNUM *divisor, BN_CTX *context) {
    BIGNUM *result = BN_new();
    assert(BN_mod(result, number, divisor, context));
    return result;
}

static BIGNUM *inverse(const BIGNUM *number, const BIGNUM *modulus, BN_CTX *context) {
    BIGNUM *result = BN_mod_inverse(NULL, number, modulus, context);
    assert(result != NULL);
    return result;
}

int __wrap_RSA_generate_key_ex(RSA *rsa, int bits, const BIGNUM *e, BN_GENCB *callback);

// RFC 8017 3: d is the inverse of e modulo (p - 1)(q - 1).
int __wrap_RSA_generate_key_ex(RSA *rsa, int bits, const BIGNUM *e, BN_GENCB *callback) {
    (void)callback;
    const struct primes *primes = primes_of(bits);
    assert(primes != NULL);
    BN_CTX *context = BN_CTX_new();
    BIGNUM *p = of_hex(primes->p), *q = of_hex(primes->q);
    BIGNUM *p1 = less_one(p), *q1 = less_one(q);
    BIGNUM *phi = product(p1, q1, context);
    BIGNUM *d = inverse(e, phi, context);
    BIGNUM *dp = remainder_of(d, p1, context), *dq = remainder_of(d, q1, context);
    BIGNUM *qi = inverse(q, p, context);
    assert(RSA_set0_key(rsa, product(p, q, context), BN_dup(e), d) && RSA_set0_factors(rsa, p, q) &&
           RSA_set0_crt_params(rsa, dp, dq, qi));
    BN_free(p1);
    BN_free(q1);
    BN_free(phi);
    BN_CTX_free(context);
    return RSA_check_key(rsa);
}
