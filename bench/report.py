from bars import BARS
def write_report(directory, outcomes, options):
    lines=[]
    for o in outcomes:
        for c in o.contestants:
            lines.append(f"{o.row:16} {c:16} wall {o.median(c,'wall'):.3f} cpu {o.median(c,'cpu'):.3f} peak {o.median(c,'peak_mib'):.0f}")
        for bar in BARS.get(o.row, []):
            try: v=bar.value(o)
            except LookupError as e: lines.append(f"   {bar.what}: {e}"); continue
            lines.append(f"   {bar.what}: {v:.3f} {bar.unit} (bar {'>=' if bar.at_least else '<='} {bar.limit}) {'met' if bar.met(v) else 'MISSED'}")
    return "\n".join(lines)
