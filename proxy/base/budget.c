// SPDX-License-Identifier: MIT
#include "base/budget.h"

void budget_init(struct budget *budget, size_t max, size_t floor) {
    *budget = (struct budget){.max = max, .floor = floor};
}

void budget_join(struct budget_share *share, struct budget *budget) {
    *share = (struct budget_share){.budget = budget};
}

void budget_leave(struct budget_share *share) {
    if (share->budget != NULL) {
        budget_hold(share, 0);
        share->budget = NULL;
    }
}

bool budget_allows(const struct budget_share *share, size_t more) {
    if (share == NULL || share->budget == NULL) {
        return true;
    }
    struct budget *budget = share->budget;
    size_t own = share->used + more;
    size_t all = atomic_load(&budget->used) + more;
    size_t left = all < budget->max ? budget->max - all : 0;
    return own <= budget->floor || all <= budget->max / 2 || own <= left / BUDGET_PART;
}

void budget_hold(struct budget_share *share, size_t used) {
    if (share->budget != NULL && used != share->used) {
        // Unsigned numbers wrap round, so one addition does for less as well.
        atomic_fetch_add(&share->budget->used, used - share->used);
        share->used = used;
    }
}
