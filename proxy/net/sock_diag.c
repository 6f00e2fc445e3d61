// SPDX-License-Identifier: MIT
#include "net/sock_diag.h"

#include "base/address.h"
#include "base/limits.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

struct diag_request {
    struct nlmsghdr header;
    struct inet_diag_req_v2 body;
};

static void put_address(__be32 out[4], __be16 *out_port, const struct sockaddr *address) {
    if (address->sa_family == AF_INET) {
        struct sockaddr_in four;
        memcpy(&four, address, sizeof(four));
        memcpy(out, &four.sin_addr, sizeof(four.sin_addr));
        *out_port = four.sin_port;
    } else {
        struct sockaddr_in6 six;
        memcpy(&six, address, sizeof(six));
        memcpy(out, &six.sin6_addr, sizeof(six.sin6_addr));
        *out_port = six.sin6_port;
    }
}

static enum sock_diag_answer read_answer(uint64_t *out_inode, const struct sock_diag *diag) {
    union {
        struct nlmsghdr header;
        uint8_t room[LIMIT_SOCK_DIAG];
    } answer;
    ssize_t len = recv(diag->fd, &answer, sizeof(answer), 0);
    if (len < (ssize_t)NLMSG_LENGTH(sizeof(struct inet_diag_msg)) ||
        answer.header.nlmsg_seq != diag->questions ||
        answer.header.nlmsg_type != SOCK_DIAG_BY_FAMILY) {
        return SOCK_DIAG_UNKNOWN; // NLMSG_ERROR with ENOENT: not on this machine
    }
    struct inet_diag_msg found;
    memcpy(&found, NLMSG_DATA(&answer.header), sizeof(found));
    *out_inode = found.idiag_inode;
    return found.idiag_inode != 0 ? SOCK_DIAG_OPEN : SOCK_DIAG_ORPHAN;
}

static bool ask(struct sock_diag *diag, const struct sockaddr *own, const struct sockaddr *peer) {
    struct diag_request request = {
        .header = {.nlmsg_len = sizeof(request),
                   .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                   .nlmsg_flags = NLM_F_REQUEST,
                   .nlmsg_seq = ++diag->questions},
        .body = {.sdiag_family = (uint8_t)own->sa_family,
                 .sdiag_protocol = IPPROTO_TCP,
                 .idiag_states = UINT32_MAX},
    };
    struct inet_diag_sockid *id = &request.body.id;
    put_address(id->idiag_src, &id->idiag_sport, own);
    put_address(id->idiag_dst, &id->idiag_dport, peer);
    id->idiag_cookie[0] = INET_DIAG_NOCOOKIE;
    id->idiag_cookie[1] = INET_DIAG_NOCOOKIE;
    return send(diag->fd, &request, sizeof(request), 0) == (ssize_t)sizeof(request);
}

static void copy_unmapped(struct sockaddr_storage *out, const struct sockaddr *address) {
    memset(out, 0, sizeof(*out));
    memcpy(out, address, address_len(address));
    address_unmap(out);
}

bool sock_diag_open(struct sock_diag *diag) {
    if (!diag->open) {
        diag->fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
        diag->open = diag->fd >= 0;
    }
    return diag->open;
}

enum sock_diag_answer sock_diag_find(struct sock_diag *diag, uint64_t *out_inode,
                                     const struct sockaddr *own, const struct sockaddr *peer) {
    struct sockaddr_storage from;
    struct sockaddr_storage to;
    *out_inode = 0;
    copy_unmapped(&from, own);
    copy_unmapped(&to, peer);
    if (from.ss_family != to.ss_family || !sock_diag_open(diag) ||
        !ask(diag, (struct sockaddr *)&from, (struct sockaddr *)&to)) {
        return SOCK_DIAG_UNKNOWN;
    }
    return read_answer(out_inode, diag);
}

void sock_diag_cleanup(struct sock_diag *diag) {
    if (diag->open) {
        close(diag->fd);
        diag->open = false;
    }
}
