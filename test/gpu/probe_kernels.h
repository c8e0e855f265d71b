/* The GPU programs of the probe as PTX text, which every driver compiles itself: no nvcc is needed. They are written
 * for the oldest instruction set that current drivers take. Every loop has a limit, so none can hold a GPU for ever. */
#ifndef EDGESTREAM_GPU_PROBE_KERNELS_H
#define EDGESTREAM_GPU_PROBE_KERNELS_H

/* Word i of a pattern is seed + i * PATTERN_STEP, so that no two words and no two seeds look alike. */
#define PATTERN_STEP 2654435761u

/* clang-format off */
static const char probe_kernels[] =
  ".version 6.0\n"
  ".target sm_50\n"
  ".address_size 64\n"

  /* fill_pattern(words, word_count, seed) */
  ".visible .entry fill_pattern(.param .u64 words, .param .u32 word_count, .param .u32 seed) {\n"
  "  .reg .pred %done; .reg .u32 %r<8>; .reg .u64 %a<4>;\n"
  "  ld.param.u64 %a0, [words]; cvta.to.global.u64 %a0, %a0;\n"
  "  ld.param.u32 %r0, [word_count]; ld.param.u32 %r1, [seed];\n"
  "  mov.u32 %r2, %ctaid.x; mov.u32 %r3, %ntid.x; mov.u32 %r4, %tid.x; mad.lo.u32 %r5, %r2, %r3, %r4;\n"
  "  mov.u32 %r6, %nctaid.x; mul.lo.u32 %r6, %r6, %r3;\n"
  "next:\n"
  "  setp.ge.u32 %done, %r5, %r0; @%done bra end;\n"
  "  mad.lo.u32 %r7, %r5, 2654435761, %r1;\n"
  "  mul.wide.u32 %a1, %r5, 4; add.u64 %a1, %a0, %a1; st.global.u32 [%a1], %r7;\n"
  "  add.u32 %r5, %r5, %r6; bra next;\n"
  "end: ret;\n"
  "}\n"

  /* copy_words(to, from, word_count) */
  ".visible .entry copy_words(.param .u64 to, .param .u64 from, .param .u32 word_count) {\n"
  "  .reg .pred %done; .reg .u32 %r<8>; .reg .u64 %a<5>;\n"
  "  ld.param.u64 %a0, [to]; cvta.to.global.u64 %a0, %a0;\n"
  "  ld.param.u64 %a1, [from]; cvta.to.global.u64 %a1, %a1;\n"
  "  ld.param.u32 %r0, [word_count];\n"
  "  mov.u32 %r2, %ctaid.x; mov.u32 %r3, %ntid.x; mov.u32 %r4, %tid.x; mad.lo.u32 %r5, %r2, %r3, %r4;\n"
  "  mov.u32 %r6, %nctaid.x; mul.lo.u32 %r6, %r6, %r3;\n"
  "next:\n"
  "  setp.ge.u32 %done, %r5, %r0; @%done bra end;\n"
  "  mul.wide.u32 %a2, %r5, 4; add.u64 %a3, %a1, %a2; add.u64 %a4, %a0, %a2;\n"
  "  ld.global.u32 %r7, [%a3]; st.global.u32 [%a4], %r7;\n"
  "  add.u32 %r5, %r5, %r6; bra next;\n"
  "end: ret;\n"
  "}\n"

  /* signal_after(flag, value, nanoseconds): busy for that long, then the flag in host memory gets the value */
  ".visible .entry signal_after(.param .u64 flag, .param .u32 value, .param .u64 nanoseconds) {\n"
  "  .reg .pred %more; .reg .u32 %r<3>; .reg .u64 %a<6>;\n"
  "  ld.param.u64 %a0, [flag]; ld.param.u32 %r0, [value]; ld.param.u64 %a1, [nanoseconds];\n"
  "  mov.u64 %a2, %globaltimer; mov.u32 %r1, 0;\n"
  "wait:\n"
  "  add.u32 %r1, %r1, 1; setp.ge.u32 %more, %r1, 67108864; @%more bra signal;\n"
  "  mov.u64 %a3, %globaltimer; sub.u64 %a4, %a3, %a2; setp.lt.u64 %more, %a4, %a1; @%more bra wait;\n"
  "signal:\n"
  "  membar.sys; st.volatile.u32 [%a0], %r0; membar.sys; ret;\n"
  "}\n"

  /* write_until(words, nanoseconds): every thread counts upwards in its own word for that long */
  ".visible .entry write_until(.param .u64 words, .param .u64 nanoseconds) {\n"
  "  .reg .pred %more; .reg .u32 %r<6>; .reg .u64 %a<7>;\n"
  "  ld.param.u64 %a0, [words]; cvta.to.global.u64 %a0, %a0; ld.param.u64 %a1, [nanoseconds];\n"
  "  mov.u32 %r0, %ctaid.x; mov.u32 %r1, %ntid.x; mov.u32 %r2, %tid.x; mad.lo.u32 %r3, %r0, %r1, %r2;\n"
  "  mul.wide.u32 %a5, %r3, 4; add.u64 %a0, %a0, %a5;\n"
  "  ld.volatile.global.u32 %r4, [%a0]; mov.u64 %a2, %globaltimer; mov.u32 %r5, 0;\n"
  "again:\n"
  "  add.u32 %r4, %r4, 1; st.volatile.global.u32 [%a0], %r4;\n"
  "  add.u32 %r5, %r5, 1; setp.ge.u32 %more, %r5, 67108864; @%more bra end;\n"
  "  mov.u64 %a3, %globaltimer; sub.u64 %a4, %a3, %a2; setp.lt.u64 %more, %a4, %a1; @%more bra again;\n"
  "end: ret;\n"
  "}\n";
/* clang-format on */

#endif
