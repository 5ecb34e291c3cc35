/* One user, every kind up to its quota, as the scope `quotas` of the model has it: a kind is a number of alike items. */
#define KINDS 9
byte held[KINDS];
bool there;

inline attach(kind, most) { atomic { there && held[kind] < most -> held[kind]++ } }
inline detach(kind) { atomic { there && held[kind] > 0 -> held[kind]-- } }

active proctype service() {
end:
  do
  :: atomic { !there -> there = true }
  :: atomic { there && held[0] == 0 && held[1] == 0 && held[2] == 0 && held[3] == 0 && held[4] == 0 && held[5] == 0 && held[6] == 0 && held[7] == 0 && held[8] == 0 -> there = false }
  :: attach(0, 1) :: attach(1, 2) :: attach(2, 2) :: attach(3, 5) :: attach(4, 2)
  :: attach(5, 8) :: attach(6, 3) :: attach(7, 10) :: attach(8, 10)
  :: detach(0) :: detach(1) :: detach(2) :: detach(3) :: detach(4) :: detach(5) :: detach(6) :: detach(7) :: detach(8)
  od
}
