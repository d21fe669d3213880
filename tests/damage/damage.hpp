#pragma once

#include <array>
#include <string>
#include <string_view>

#include "sealed_sample.hpp"
#include "support/seed.hpp"

namespace ociferry::testing {

/// What happens to archives on sticks, disks and the way to them.
enum class DamageKind { Flip, Cut, Swap, Duplicate, Insert, Remove, Zero, Append };
inline constexpr std::array<DamageKind, 8> kDamageKinds{DamageKind::Flip,      DamageKind::Cut,    DamageKind::Swap,
                                                        DamageKind::Duplicate, DamageKind::Insert, DamageKind::Remove,
                                                        DamageKind::Zero,      DamageKind::Append};
[[nodiscard]] std::string_view to_string(DamageKind kind);

struct Damage {
  DamageKind kind = DamageKind::Flip;
  std::string where;  ///< the kind of region that it begins in
  std::string what;   ///< in words, with all positions
  std::string bytes;  ///< the whole archive, which differs from the sample
};

/// The damage with that number: kinds of damage and of regions take turns, positions and lengths are by chance. Half of
/// what is moved, taken or put in is made of whole blocks of 512 bytes, as disks and tars are.
[[nodiscard]] Damage make_damage(const SealedSample& sample, std::uint64_t seed, std::uint64_t number);

}  // namespace ociferry::testing
